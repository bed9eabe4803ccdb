package ldap

import (
	"bufio"
	"bytes"
	"crypto/x509"
	"fmt"
	"net/url"
	"os"
	"regexp"
	"strings"
	"time"

	"github.com/go-ldap/ldap/v3"
	"golang.org/x/sync/semaphore"

	"jeton/auth/signin"
)

// config is settings that were read. It is never changed.
type config struct {
	servers                    []*url.URL
	starttls                   bool
	roots                      *x509.CertPool // nil: the system's
	bindDN, bindPassword, base string
	filter                     string
	name, email, full, id      string // attributes
	group, groupFilter         string
	timeout, remember          time.Duration
	turns                      *semaphore.Weighted
}

// maxServers bounds how many are tried one after the other.
const maxServers = 8

// attribute is what a name of an attribute looks like (RFC 4512 section 2.5, without options).
var attribute = regexp.MustCompile(`^([A-Za-z][A-Za-z0-9-]*|[0-9]+(\.[0-9]+)+)$`)

// bad is signin.ErrBadSetting with words.
func bad(format string, args ...any) error {
	return fmt.Errorf("%w: "+format, append([]any{signin.ErrBadSetting}, args...)...)
}

// read makes sense of complete settings. signin.ErrBadSetting.
func read(s signin.Settings) (*config, error) {
	c := &config{starttls: s.On("starttls"), bindDN: s["bind_dn"], base: s["base_dn"], filter: s["filter"],
		name: s["attr_name"], email: s["attr_email"], full: s["attr_full_name"], id: s["attr_id"],
		group: s["group"], groupFilter: s["group_filter"], timeout: seconds(s, "timeout_seconds"), remember: seconds(s, "remember_seconds"),
		turns: semaphore.NewWeighted(int64(s.Number("max_connections")))}
	for _, step := range []func(signin.Settings) error{c.readServers, c.readNames, c.readFilters, c.readPassword, c.readRoots} {
		if err := step(s); err != nil {
			return nil, err
		}
	}
	return c, nil
}

func (c *config) readServers(s signin.Settings) error {
	for _, text := range s.List("url") {
		u, err := url.Parse(text)
		if err != nil || u.Scheme != "ldap" && u.Scheme != "ldaps" || u.Hostname() == "" || u.User != nil || strings.Trim(u.Path, "/") != "" || u.RawQuery != "" {
			return bad("url holds an address that is not ldap://HOST or ldaps://HOST with or without a port")
		}
		c.servers = append(c.servers, &url.URL{Scheme: u.Scheme, Host: u.Host})
	}
	if len(c.servers) == 0 || len(c.servers) > maxServers {
		return bad("url names %d servers; it is 1 to %d", len(c.servers), maxServers)
	}
	return nil
}

// readNames looks at DNs and attributes.
func (c *config) readNames(signin.Settings) error {
	if c.base == "" {
		return bad("base_dn is empty")
	}
	for key, dn := range map[string]string{"base_dn": c.base, "bind_dn": c.bindDN, "group": c.group} {
		// A directory of Microsoft's takes other names than DNs to bind as.
		if key == "bind_dn" && strings.ContainsAny(dn, `@\`) && !strings.Contains(dn, "=") {
			continue
		}
		if _, err := ldap.ParseDN(dn); err != nil {
			return bad("%s is %q, which is no DN", key, dn)
		}
	}
	for key, a := range map[string]string{"attr_name": c.name, "attr_email": c.email, "attr_full_name": c.full, "attr_id": c.id} {
		if !attribute.MatchString(a) {
			return bad("%s is %q, which is no attribute's name", key, a)
		}
	}
	return nil
}

func (c *config) readFilters(signin.Settings) error {
	if !strings.Contains(c.filter, "{login}") {
		return bad("filter is %q; it must hold {login}", c.filter)
	}
	if _, err := ldap.CompileFilter(fill(c.filter, "login", "x")); err != nil {
		return bad("filter is %q, which is no filter (RFC 4515): %v", c.filter, err)
	}
	if _, err := ldap.CompileFilter(c.groupFor("cn=x", "x")); err != nil || c.groupFilter == "" {
		return bad("group_filter is %q, which is no filter (RFC 4515)", c.groupFilter)
	}
	return nil
}

func (c *config) readPassword(s signin.Settings) error {
	c.bindPassword = s["bind_password"]
	if path := s["bind_password_file"]; path != "" {
		if c.bindPassword != "" {
			return bad("bind_password and bind_password_file are both set")
		}
		text, err := os.ReadFile(path)
		if err != nil {
			return bad("bind_password_file: %v", err)
		}
		line := bufio.NewScanner(bytes.NewReader(text))
		line.Scan()
		c.bindPassword = line.Text()
	}
	if (c.bindDN == "") != (c.bindPassword == "") {
		return bad("bind_dn and its password belong together: one of them is empty")
	}
	return nil
}

func (c *config) readRoots(s signin.Settings) error {
	path := s["ca_file"]
	if path == "" {
		return nil
	}
	pem, err := os.ReadFile(path)
	if err != nil {
		return bad("ca_file: %v", err)
	}
	c.roots = x509.NewCertPool()
	if !c.roots.AppendCertsFromPEM(pem) {
		return bad("ca_file: %s holds no certificate (PEM)", path)
	}
	return nil
}

// fill puts a value, escaped, where {key} stands in a filter.
func fill(filter, key, value string) string {
	return strings.ReplaceAll(filter, "{"+key+"}", ldap.EscapeFilter(value))
}

// groupFor is the filter that a group with this member matches. Both are put in at once: what a value holds is never
// taken for a place of the other.
func (c *config) groupFor(dn, name string) string {
	return strings.NewReplacer("{dn}", ldap.EscapeFilter(dn), "{name}", ldap.EscapeFilter(name)).Replace(c.groupFilter)
}
