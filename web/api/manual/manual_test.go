package manual

import (
	"encoding/json"
	"net/netip"
	"reflect"
	"testing"

	"jeton/auth/access"
	"jeton/auth/gate"
	"jeton/auth/token"
	"jeton/web/api/method"
)

type oneToken token.Token

func (t oneToken) ByID(id string) (token.Token, bool) { return token.Token(t), id == t.ID }

// call runs a method by its name.
func call(t *testing.T, o Options, name, args string, c *method.Call) string {
	t.Helper()
	var v method.Values
	if err := json.Unmarshal([]byte(args), &v); err != nil {
		t.Fatal(err)
	}
	for _, m := range Methods(o) {
		if m.Name != name {
			continue
		}
		ready, err := m.Prepare(v)
		var result any
		if err == nil {
			result, err = ready.Run(t.Context(), c)
		}
		if err != nil {
			return err.Error()
		}
		text, err := json.Marshal(result)
		if err != nil {
			t.Fatal(err)
		}
		return string(text)
	}
	t.Fatalf("there is no method %s", name)
	return ""
}

func TestGetMethodTellsOfMethods(t *testing.T) {
	var o Options
	o.All = func() []method.Method { return Methods(o) }
	for _, row := range []struct{ args, want string }{
		{`{}`, `["get_ip","get_method"]`},
		{`{"pattern":"get_*"}`, `["get_ip","get_method"]`},
		{`{"pattern":"nothing*"}`, `[]`},
		{`{"pattern":"*_ip"}`, `["get_ip",{"apiuser":"\u003cRequiredType\u003e","userid":"\u003cOptional:\u003cOptionalAttr:apiuser\u003e\u003e"}]`},
		{`{"pattern":"*method"}`, `["get_method",{"apiuser":"\u003cRequiredType\u003e","pattern":"\u003cOptional:'*'\u003e"}]`},
		{`{"pattern":"["}`, "Invalid `pattern` arg in JSON DATA: it is no pattern, since a [ or \\ in it is not ended"},
	} {
		if got := call(t, o, "get_method", row.args, nil); got != row.want {
			t.Errorf("%s: got %s, want %s", row.args, got, row.want)
		}
	}
}

func TestGetIPTellsAddressAndNetworks(t *testing.T) {
	o := Options{Tokens: oneToken{ID: "t1", Networks: []netip.Prefix{netip.MustParsePrefix("192.0.2.0/25"), netip.MustParsePrefix("2001:db8::/32")}}}
	c := &method.Call{Remote: netip.MustParseAddr("192.0.2.7"), Person: access.User{ID: "u1"},
		Identity: gate.Identity{UserID: "u1", Proven: gate.Proven{TokenID: "t1"}}}
	want := `{"server_ip_addr":"192.0.2.7","user_ips":[{"ip_addr":"192.0.2.0/25","ip_range":["192.0.2.0","192.0.2.127"]},` +
		`{"ip_addr":"2001:db8::/32","ip_range":["2001:db8::","2001:db8:ffff:ffff:ffff:ffff:ffff:ffff"]}]}`
	if got := call(t, o, "get_ip", `{}`, c); got != want {
		t.Errorf("got %s, want %s", got, want)
	}
	c.Person.ID, c.Remote = "u2", netip.Addr{}
	if got := call(t, o, "get_ip", `{"userid":"bob"}`, c); got != `{"server_ip_addr":"","user_ips":[]}` {
		t.Errorf("of another person: got %s", got)
	}
}

func TestSpecificationIsWrittenAsRhodeCodeDoes(t *testing.T) {
	m := method.Method{Args: []method.Arg{
		{Name: "a", Type: method.String}, {Name: "b", Type: method.Boolean, Optional: true, Default: "false"},
		{Name: "c", Type: method.Integer, Optional: true, Default: "3"}, {Name: "d", Type: method.String, Optional: true},
	}}
	want := map[string]string{"apiuser": "<RequiredType>", "a": "<RequiredType>", "b": "<Optional:False>", "c": "<Optional:3>", "d": "<Optional:None>"}
	if got := specification(m); !reflect.DeepEqual(got, want) {
		t.Errorf("got %v, want %v", got, want)
	}
}
