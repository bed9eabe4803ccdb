package credential

import (
	"bytes"
	"errors"
	"reflect"
	"strings"
	"testing"
)

func TestDescriptionsAreReadAsGitWritesThem(t *testing.T) {
	for name, c := range map[string]struct {
		in   string
		want Description // nil: refused
	}{
		"a clone":            {"capability[]=authtype\ncapability[]=state\nprotocol=https\nhost=h:8443\n\nrest", Description{"capability[]": {"authtype", "state"}, "protocol": {"https"}, "host": {"h:8443"}}},
		"no empty line":      {"protocol=https\nhost=h", Description{"protocol": {"https"}, "host": {"h"}}},
		"nothing":            {"", Description{}},
		"bytes as they are":  {"password= a=b\r\n", Description{"password": {" a=b\r"}}},
		"the last counts":    {"host=a\nhost=b\n", Description{"host": {"b"}}},
		"a list begins anew": {"wwwauth[]=a\nwwwauth[]=\nwwwauth[]=b\n", Description{"wwwauth[]": {"b"}}},
		"an address":         {"url=https://ada:x@h/git/app\n", Description{"protocol": {"https"}, "host": {"h"}, "path": {"git/app"}, "username": {"ada"}, "password": {"x"}}},
		"no =":               {"protocol\n", nil},
		"no name":            {"=x\n", nil},
		"NUL":                {"host=a\x00b\n", nil},
		"no address":         {"url=%\n", nil},
		"too long":           {"host=" + strings.Repeat("a", maxDescription), nil},
		"too many lines":     {strings.Repeat("a=b\n", maxLines+2), nil},
	} {
		got, err := Read(strings.NewReader(c.in))
		if c.want == nil && !errors.Is(err, ErrBadDescription) || c.want != nil && !reflect.DeepEqual(got, c.want) {
			t.Errorf("%s: got %v, %v, want %v", name, got, err, c.want)
		}
	}
}

func TestNothingIsWrittenThatGitWouldReadOtherwise(t *testing.T) {
	for _, d := range []Description{{"username": {"a\npassword=b"}}, {"a=b": {"c"}}, {"x": {"a\x00"}}} {
		var b bytes.Buffer
		if err := d.Write(&b); !errors.Is(err, ErrBadDescription) || b.Len() > 0 {
			t.Errorf("%v: got %v, %q", d, err, b.String())
		}
	}
}

func FuzzRead(f *testing.F) {
	for _, s := range []string{"protocol=https\nhost=h\n\n", "url=https://a:b@c:1/d\n", "capability[]=authtype\ncapability[]=\n", "a=\x00", "=\n", "\n"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, in string) {
		d, err := Read(strings.NewReader(in))
		if err != nil {
			return
		}
		var b bytes.Buffer
		if err := d.Write(&b); err != nil {
			if strings.Contains(in, "url=") { // an address may hold escaped line feeds
				return
			}
			t.Fatalf("%q was read and cannot be written: %v", in, err)
		}
		again, err := Read(&b)
		if err != nil || !strings.Contains(in, "url=") && !reflect.DeepEqual(clean(again), clean(d)) {
			t.Fatalf("%q: read %v, and again %v, %v", in, d, again, err)
		}
	})
}

// clean leaves out what a list is not written with.
func clean(d Description) Description {
	c := Description{}
	for k, v := range d {
		if len(v) > 0 && k != "url" {
			c[k] = v
		}
	}
	return c
}
