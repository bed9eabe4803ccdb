package receive

import (
	"strings"
)

// certificate is a push certificate read apart (gitprotocol-pack, "Push Certificate"):
//
//	certificate version 0.1
//	pusher <who> <seconds> <zone>
//	pushee <url>                            git leaves it out for some transports
//	nonce <nonce>
//	push-option <option>                    any number
//
//	<old> <new> <ref>                       one at least: these are the commands of the push
//	-----BEGIN PGP SIGNATURE-----           or that of SSH or X.509
//	…
//	-----END PGP SIGNATURE-----
type certificate struct {
	signer, pushee, nonce string
	options, commands     []string
	signature             string
}

// certificateVersion is the first line.
const certificateVersion = "certificate version 0.1"

// parseCertificate reads a certificate as git writes it and no other: whatever could be read in two ways is refused, since
// the one who checks the signature later has to see what was done here. The error is for the client.
func parseCertificate(text string) (certificate, error) {
	var c certificate
	if strings.ContainsAny(text, "\x00\r") {
		return c, badCertificate("it holds a NUL or a carriage return")
	}
	if !strings.HasSuffix(text, "\n") {
		return c, badCertificate("its last line is not ended")
	}
	lines := strings.Split(strings.TrimSuffix(text, "\n"), "\n")
	if lines[0] != certificateVersion {
		return c, badCertificate("it does not begin with \"" + certificateVersion + "\"")
	}
	rest, err := c.head(lines[1:])
	if err != nil {
		return c, err
	}
	return c, c.body(rest)
}

// head reads the lines up to the empty one and returns what follows it.
func (c *certificate) head(lines []string) ([]string, error) {
	value := func(key string) (string, bool) {
		if len(lines) == 0 {
			return "", false
		}
		v, ok := strings.CutPrefix(lines[0], key+" ")
		if ok {
			lines = lines[1:]
		}
		return v, ok && v != ""
	}
	var ok bool
	if c.signer, ok = value("pusher"); !ok {
		return nil, badCertificate("it has no pusher")
	}
	if len(lines) > 0 && strings.HasPrefix(lines[0], "pushee ") {
		if c.pushee, ok = value("pushee"); !ok {
			return nil, badCertificate("its pushee is empty")
		}
	}
	if c.nonce, ok = value("nonce"); !ok {
		return nil, badCertificate("it has no nonce")
	}
	for len(lines) > 0 && lines[0] != "" {
		o, ok := strings.CutPrefix(lines[0], "push-option ")
		if !ok {
			return nil, badCertificate("its head has a line that is not known")
		}
		c.options, lines = append(c.options, o), lines[1:]
	}
	if len(lines) == 0 {
		return nil, badCertificate("it has no commands")
	}
	return lines[1:], nil
}

// body reads commands and signature.
func (c *certificate) body(lines []string) error {
	at := 0
	for at < len(lines) && !strings.HasPrefix(lines[at], beginning) {
		at++
	}
	if at == 0 {
		return badCertificate("it has no commands")
	}
	if at == len(lines) {
		return badCertificate("it is not signed")
	}
	c.commands = lines[:at]
	kind := strings.TrimPrefix(lines[at], beginning)
	switch kind {
	case "PGP SIGNATURE-----", "PGP MESSAGE-----", "SSH SIGNATURE-----", "SIGNED MESSAGE-----":
	default:
		return badCertificate("its signature is of a kind that is not known")
	}
	for i := at + 1; i < len(lines); i++ {
		if strings.HasPrefix(lines[i], beginning) {
			return badCertificate("a second signature begins within its signature") // git takes the last for the one
		}
		if lines[i] == "-----END "+kind {
			if i != len(lines)-1 {
				return badCertificate("something follows its signature")
			}
			c.signature = strings.Join(lines[at:], "\n") + "\n"
			return nil
		}
	}
	return badCertificate("its signature is cut off")
}

// beginning begins a signature.
const beginning = "-----BEGIN "

func badCertificate(what string) error { return refuse("malformed push certificate: %s", what) }
