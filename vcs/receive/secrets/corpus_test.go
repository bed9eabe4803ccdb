package secrets

import (
	"encoding/base64"
	"encoding/hex"
	"fmt"
	"math/rand/v2"
	"strings"
)

// maker makes secrets and innocent files out of a seed: the same from the same. Secrets are put together from parts, so that no
// scanner takes this file for a leak.
type maker struct{ *rand.Rand }

func newMaker(seed uint64) maker { return maker{rand.New(rand.NewPCG(seed, 1))} }

const (
	lowers = "abcdefghijklmnopqrstuvwxyz"
	uppers = "ABCDEFGHIJKLMNOPQRSTUVWXYZ"
	digits = "0123456789"
	hexes  = "0123456789abcdef"
	alnum  = lowers + uppers + digits
)

func (m maker) of(alphabet string, n int) string {
	b := make([]byte, n)
	for i := range b {
		b[i] = alphabet[m.IntN(len(alphabet))]
	}
	return string(b)
}

func (m maker) bytes(n int) []byte {
	b := make([]byte, n)
	for i := range b {
		b[i] = byte(m.Uint32())
	}
	return b
}

func (m maker) uuid() string {
	h := m.of(hexes, 32)
	return h[:8] + "-" + h[8:12] + "-4" + h[13:16] + "-a" + h[17:20] + "-" + h[20:]
}

// form is one kind of secret: what it is called in a line of settings, and how it looks.
type form struct {
	kind, name string
	make       func(m maker) string
}

// forms are the kinds that are planted.
func forms() []form {
	return []form{
		{"AWS key id", "aws_access_key_id", func(m maker) string { return "AK" + "IA" + m.of(uppers+"234567", 16) }},
		{"AWS secret key", "aws_secret_access_key", func(m maker) string { return m.of(alnum+"+/", 40) }},
		{"GCP API key", "google_maps", func(m maker) string { return "AI" + "za" + m.of(alnum+"_-", 35) }},
		{"Azure client secret", "azure_client", func(m maker) string { return m.of(alnum, 3) + "8Q" + "~" + m.of(alnum+"_-", 34) }},
		{"GitHub personal token", "gh", func(m maker) string { return "gh" + "p_" + m.of(alnum, 36) }},
		{"GitHub fine-grained token", "gh_fine", func(m maker) string { return "github" + "_pat_" + m.of(alnum, 22) + "_" + m.of(alnum, 59) }},
		{"GitHub app token", "gh_app", func(m maker) string { return "gh" + "s_" + m.of(alnum, 36) }},
		{"GitHub OAuth token", "gh_oauth", func(m maker) string { return "gh" + "o_" + m.of(alnum, 36) }},
		{"GitLab personal token", "gl", func(m maker) string { return "gl" + "pat-" + m.of(alnum+"_-", 20) }},
		{"GitLab deploy token", "gl_deploy", func(m maker) string { return "gl" + "dt-" + m.of(alnum, 20) }},
		{"GitLab runner token", "gl_runner", func(m maker) string { return "gl" + "rt-" + m.of(alnum, 20) }},
		{"Slack bot token", "slack_bot", func(m maker) string {
			return "xox" + "b-" + m.of(digits, 12) + "-" + m.of(digits, 12) + "-" + m.of(alnum, 24)
		}},
		{"Slack webhook", "slack_hook", func(m maker) string {
			return "https://hooks." + "slack.com/services/T" + m.of(uppers+digits, 9) + "/B" + m.of(uppers+digits, 9) + "/" + m.of(alnum, 24)
		}},
		{"Stripe live key", "stripe", func(m maker) string { return "sk" + "_live_" + m.of(alnum, 24) }},
		{"npm token", "npm", func(m maker) string { return "np" + "m_" + m.of(lowers+digits, 36) }},
		{"PyPI token", "pypi", func(m maker) string { return "py" + "pi-AgEIcHlwaS5vcmc" + m.of(alnum+"_-", 60) }},
		{"DigitalOcean token", "do", func(m maker) string { return "do" + "p_v1_" + m.of(hexes, 64) }},
		{"SendGrid key", "sendgrid", func(m maker) string { return "S" + "G." + m.of(lowers+digits+"_-", 66) }},
		{"Shopify token", "shopify", func(m maker) string { return "shp" + "at_" + m.of(hexes, 32) }},
		{"Hugging Face token", "hf", func(m maker) string { return "h" + "f_" + m.of(lowers, 34) }},
		{"OpenAI key", "openai", func(m maker) string { return "sk" + "-" + m.of(alnum, 20) + "T3Blbk" + "FJ" + m.of(alnum, 20) }},
		{"Anthropic key", "claude", func(m maker) string { return "sk-" + "ant-api03-" + m.of(alnum+"_-", 93) + "AA" }},
		{"Databricks token", "databricks", func(m maker) string { return "da" + "pi" + m.of(hexes, 32) }},
		{"Doppler token", "doppler", func(m maker) string { return "dp" + ".pt." + m.of(lowers+digits, 43) }},
		{"Dynatrace token", "dynatrace", func(m maker) string { return "dt0" + "c01." + m.of(uppers+digits, 24) + "." + m.of(uppers+digits, 64) }},
		{"Grafana service token", "grafana", func(m maker) string { return "gl" + "sa_" + m.of(alnum, 32) + "_" + m.of(hexes, 8) }},
		{"Linear key", "linear", func(m maker) string { return "lin" + "_api_" + m.of(lowers+digits, 40) }},
		{"New Relic key", "nr", func(m maker) string { return "NR" + "AK-" + m.of(uppers+digits, 27) }},
		{"Notion token", "notion", func(m maker) string { return "nt" + "n_" + m.of(digits, 11) + m.of(alnum, 32) + m.of(alnum, 3) }},
		{"Postman key", "postman", func(m maker) string { return "PM" + "AK-" + m.of(hexes, 24) + "-" + m.of(hexes, 34) }},
		{"Pulumi token", "pulumi", func(m maker) string { return "pu" + "l-" + m.of(hexes, 40) }},
		{"RubyGems key", "gems", func(m maker) string { return "ruby" + "gems_" + m.of(hexes, 48) }},
		{"Telegram bot token", "telegram_bot", func(m maker) string { return m.of("123456789", 1) + m.of(digits, 9) + ":A" + m.of(alnum+"_-", 34) }},
		{"Twilio key", "twilio", func(m maker) string { return "S" + "K" + m.of(hexes, 32) }},
		{"Vault token", "vault", func(m maker) string { return "hv" + "s." + m.of(alnum+"_-", 95) }},
		{"Age key", "age", func(m maker) string { return "AGE-" + "SECRET-KEY-1" + m.of("QPZRY9X8GF2TVDW0S3JN54KHCE6MUA7L", 58) }},
		{"JSON web token", "session", func(m maker) string {
			part := func(text string) string { return base64.RawURLEncoding.EncodeToString([]byte(text)) }
			return part(`{"alg":"HS256","typ":"JWT"}`) + "." + part(fmt.Sprintf(`{"sub":"%s","iat":1700000000}`, m.of(digits, 10))) + "." + m.of(alnum+"_-", 43)
		}},
		{"private key", "pem", func(m maker) string {
			var b strings.Builder
			b.WriteString("-----BEGIN RSA " + "PRIVATE KEY-----\n")
			for range 12 {
				b.WriteString(base64.StdEncoding.EncodeToString(m.bytes(48)) + "\n")
			}
			return b.String() + "-----END RSA " + "PRIVATE KEY-----\n"
		}},
		{"database password", "db_password", func(m maker) string { return m.of(alnum, 20) + m.of(digits, 2) }},
		{"API key of no known form", "billing_api_key", func(m maker) string { return m.of(lowers+digits, 30) + m.of(digits, 2) }},
	}
}

// plants are the ways in which a secret stands in a file, a message or a path.
func plants() []struct {
	where string
	put   func(m maker, f form, secret string) (text string)
} {
	type put = func(m maker, f form, secret string) string
	list := []struct {
		where string
		put   put
	}{
		{"code", func(m maker, f form, s string) string {
			return m.code(20) + "\nconst " + f.name + " = `" + s + "`\n" + m.code(10)
		}},
		{"env file", func(m maker, f form, s string) string {
			return "HOST=example.com\nPORT=8080\n" + strings.ToUpper(f.name) + "=" + s + "\nDEBUG=1\n"
		}},
		{"YAML", func(m maker, f form, s string) string {
			return "services:\n  app:\n    image: app:1.2\n    " + f.name + ": \"" + s + "\"\n    replicas: 3\n"
		}},
		{"JSON", func(m maker, f form, s string) string {
			return fmt.Sprintf("{\n  \"name\": \"x\",\n  %q: %q,\n  \"n\": 1\n}\n", f.name, s)
		}},
		{"notebook", func(m maker, f form, s string) string {
			return fmt.Sprintf(`{"cells":[{"cell_type":"code","source":["import os\n",%q,"print(1)\n"]}],"nbformat":4}`, f.name+" = '"+s+"'\n")
		}},
	}
	return list
}

// code is lines of a program.
func (m maker) code(n int) string {
	var b strings.Builder
	for range n {
		word := func() string { return m.of(lowers, 3+m.IntN(8)) }
		switch m.IntN(7) {
		case 0:
			fmt.Fprintf(&b, "func %s(%s int, key string) error {\n", word(), word())
		case 1:
			fmt.Fprintf(&b, "\tif token := %s.%s(%s); token != nil {\n", word(), word(), word())
		case 2:
			fmt.Fprintf(&b, "\t// %s reads the access %s of a %s, and its author's key.\n", word(), word(), word())
		case 3:
			fmt.Fprintf(&b, "\tpassword, err := %s.Read(%s[%d:])\n", word(), word(), m.IntN(100))
		case 4:
			fmt.Fprintf(&b, "\treturn fmt.Errorf(\"%s %%s: %%w\", %s, err)\n", word(), word())
		case 5:
			fmt.Fprintf(&b, "\t%sKey: %sToken, api.%s(%s),\n", word(), word(), word(), word())
		default:
			fmt.Fprintf(&b, "\t%s.%s = %s + %d\n}\n", word(), word(), word(), m.IntN(1000))
		}
	}
	return b.String()
}

// innocent is a file without a secret: its path and content.
func (m maker) innocent(i int) (path, text string) {
	var b strings.Builder
	line := func(format string, args ...any) { fmt.Fprintf(&b, format+"\n", args...) }
	switch i % 12 {
	case 0, 1, 2:
		return fmt.Sprintf("src/%s%d.go", m.of(lowers, 6), i), m.code(80)
	case 3:
		for range 40 {
			line("%s  %s.tar.gz", m.of(hexes, 64), m.of(lowers, 8))
		}
		return fmt.Sprintf("SHA256SUMS.%d", i), b.String()
	case 4:
		for range 30 {
			line("- id: %s\n  name: %s", m.uuid(), m.of(lowers, 8))
		}
		return fmt.Sprintf("data/%d.yml", i), b.String()
	case 5:
		return fmt.Sprintf("page%d.html", i), "<img alt=\"\" src=\"data:image/png;base64," + base64.StdEncoding.EncodeToString(m.bytes(3000)) + "\">\n"
	case 6:
		for range 20 {
			line("    \"node_modules/%s\": {\n      \"version\": \"1.%d.0\",\n      \"integrity\": \"sha512-%s\"\n    },", m.of(lowers, 7), m.IntN(50), base64.StdEncoding.EncodeToString(m.bytes(64)))
		}
		return fmt.Sprintf("web%d/package-lock.json", i), b.String()
	case 7:
		for range 40 {
			fmt.Fprintf(&b, "var %s=function(%s){return this.%s(%q)},", m.of(lowers, 1), m.of(lowers, 1), m.of(lowers, 3), m.of(lowers, 5))
		}
		return fmt.Sprintf("static/%d.min.js", i), b.String()
	case 8:
		for range 20 {
			line("github.com/%s/%s v0.%d.0 h1:%s", m.of(lowers, 6), m.of(lowers, 6), m.IntN(30), base64.StdEncoding.EncodeToString(m.bytes(32)))
		}
		return fmt.Sprintf("mod%d/deps.txt", i), b.String()
	case 9:
		for range 15 {
			line("## How to get a %s key\n\nSet `API_KEY` to your key, or `TOKEN=<your token here>`; the password is ${PASSWORD}. See %s.", m.of(lowers, 5), m.uuid())
		}
		return fmt.Sprintf("docs/%d.md", i), b.String()
	case 10:
		for range 30 {
			line("%s %s commit %s: %s", m.of(digits, 10), hex.EncodeToString(m.bytes(20)), m.of(hexes, 40), m.of(lowers, 12))
		}
		return fmt.Sprintf("log/%d.txt", i), b.String()
	}
	line("-----BEGIN CERTIFICATE-----")
	for range 18 {
		line("%s", base64.StdEncoding.EncodeToString(m.bytes(48)))
	}
	line("-----END CERTIFICATE-----")
	return fmt.Sprintf("certs/%d.pem", i), b.String()
}
