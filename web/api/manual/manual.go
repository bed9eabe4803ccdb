// Package manual has the methods about the API itself: which methods there are, and how the server sees who calls.
package manual

import (
	"context"
	"fmt"
	"net/netip"
	"path"
	"slices"
	"strings"

	"jeton/auth/token"
	"jeton/web/api/method"
)

// Tokens finds the token of a call; *token.Store does.
type Tokens interface {
	ByID(id string) (token.Token, bool)
}

// Options are what the methods need.
type Options struct {
	// All lists every method, get_method too.
	All    func() []method.Method
	Tokens Tokens
}

// Methods are get_method and get_ip.
func Methods(o Options) []method.Method {
	return []method.Method{
		method.Of(method.Method{
			Name: "get_method", On: method.On{Kind: method.Open}, REST: "GET methods", Example: `{"pattern": "*comment*"}`,
			Doc: "Lists the methods of the API whose name matches a pattern. Where one alone does, its arguments are told too.",
		}, func(_ context.Context, _ *method.Call, in methodArgs) ([]any, error) {
			return matching(o.All(), in.Pattern)
		}),
		method.Of(method.Method{
			Name: "get_ip", On: method.On{Kind: method.Person, Arg: "userid"}, REST: "GET ip", Example: `{}`,
			Doc:   "Tells the address that the server sees the caller at. `user_ips` are the networks that the calling token is taken from; there are none where it is taken from everywhere, and where another person is asked about.",
			Fails: []string{"userid is not the same as your user", "user `…` does not exist"},
		}, o.ip),
	}
}

type methodArgs struct {
	Pattern string `arg:"pattern,optional" default:"*" max:"200" doc:"Names, where * stands for anything and ? for one character."`
}

// matching is RhodeCode's answer: the names, and behind a single one what it takes.
func matching(all []method.Method, pattern string) ([]any, error) {
	if _, err := path.Match(pattern, ""); err != nil {
		return nil, method.Fail(method.Invalid, "Invalid `pattern` arg in JSON DATA: it is no pattern, since a [ or \\ in it is not ended")
	}
	var found []method.Method
	for _, m := range all {
		if ok, _ := path.Match(pattern, m.Name); ok {
			found = append(found, m)
		}
	}
	slices.SortFunc(found, func(a, b method.Method) int { return strings.Compare(a.Name, b.Name) })
	list := make([]any, 0, len(found)+1)
	for _, m := range found {
		list = append(list, m.Name)
	}
	if len(found) == 1 {
		list = append(list, specification(found[0]))
	}
	return list, nil
}

// specification is what a method takes, in RhodeCode's notation.
func specification(m method.Method) map[string]string {
	spec := map[string]string{"apiuser": required}
	for _, a := range m.Args {
		switch {
		case !a.Optional:
			spec[a.Name] = required
		case m.On.Kind == method.Person && m.On.Arg == a.Name:
			spec[a.Name] = "<Optional:<OptionalAttr:apiuser>>"
		default:
			spec[a.Name] = "<Optional:" + fallback(a) + ">"
		}
	}
	return spec
}

const required = "<RequiredType>"

func fallback(a method.Arg) string {
	switch {
	case a.Type == method.Boolean && a.Default == "true":
		return "True"
	case a.Type == method.Boolean && a.Default == "false":
		return "False"
	case a.Default == "":
		return "None"
	case a.Type == method.Integer:
		return a.Default
	}
	return "'" + a.Default + "'"
}

type ipArgs struct {
	User *method.Ref `arg:"userid,optional" doc:"Name or id of a person; the caller where it is left out."`
}

type ipReply struct {
	Server string    `json:"server_ip_addr" doc:"The address that the server sees; empty where a proxy hides it."`
	User   []network `json:"user_ips" doc:"Networks that the calling token is taken from."`
}

type network struct {
	Network string    `json:"ip_addr" doc:"The network, as CIDR."`
	Range   [2]string `json:"ip_range" doc:"Its first and its last address."`
}

func (o Options) ip(_ context.Context, c *method.Call, _ ipArgs) (ipReply, error) {
	reply := ipReply{User: []network{}}
	if c.Remote.IsValid() {
		reply.Server = c.Remote.String()
	}
	if c.Person.ID != c.Identity.UserID {
		return reply, nil
	}
	t, ok := o.Tokens.ByID(c.Identity.Proven.TokenID)
	if !ok {
		return ipReply{}, fmt.Errorf("the token of this call is gone")
	}
	for _, p := range t.Networks {
		p = p.Masked()
		reply.User = append(reply.User, network{p.String(), [2]string{p.Addr().String(), last(p).String()}})
	}
	return reply, nil
}

// last is the last address of a network.
func last(p netip.Prefix) netip.Addr {
	b := p.Addr().AsSlice()
	for bit := p.Bits(); bit < len(b)*8; bit++ {
		b[bit/8] |= 1 << (7 - bit%8)
	}
	a, _ := netip.AddrFromSlice(b)
	return a
}
