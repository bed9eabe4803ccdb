package api

import (
	"fmt"
	"path"

	"jeton/auth/gate"
	"jeton/web/api/method"
)

// refusal is the gate's no to a call of a method, in RhodeCode's words where it has some; what the gate says besides to
// whoever holds a genuine token stands behind them. about is what the method is about, as it came. Another error, and nil,
// stay as they are.
func refusal(err error, m method.Method, about string) error {
	no := gate.AsRefused(err)
	if no == nil {
		return err
	}
	e := &method.Error{Code: codeOf(no.Code), Text: no.Sentence, RetryAfter: no.RetryAfter}
	switch no.Code {
	case gate.NoCredential:
		e.Text = "Incorrect JSON data. Missing 'api_key or auth_token'"
	case gate.BadCredential:
		e.Text = "Invalid API KEY"
	case gate.Expired, gate.Revoked, gate.Rotated:
		e.Text = "Invalid API KEY. " + no.Sentence
	case gate.WrongKind:
		e.Text = "API KEY has bad role for an API call. " + no.Sentence
	case gate.Inactive:
		e.Text = "Request from this user not allowed. " + no.Sentence
	case gate.WrongNetwork:
		e.Text = "Request from this IP not allowed. " + no.Sentence
	case gate.NotYourself:
		e.Text = "userid is not the same as your user"
	case gate.NotFound:
		return absent(m, about)
	case gate.NoRight:
		if notHere := mayNotMake(m, about); notHere != nil {
			return notHere
		}
		e.Text = "Access was denied to this resource. " + no.Sentence
	case gate.ReadOnly, gate.BoundToken:
		e.Text = "Access was denied to this resource. " + no.Sentence
	}
	return e
}

// codeOf is what sort of error a refusal is.
func codeOf(c gate.Code) method.Code {
	switch c {
	case gate.NoCredential, gate.BadCredential, gate.Expired, gate.Revoked, gate.Rotated, gate.WrongKind, gate.Inactive:
		return method.Credential
	case gate.NotFound:
		return method.NotFound
	case gate.TooMany:
		return method.Limited
	case gate.Unavailable:
		return method.Unavailable
	case gate.BadRequest:
		return method.Invalid
	}
	return method.Denied
}

// absent is what is said of what is not there, and of what this caller may not do this with.
func absent(m method.Method, about string) error {
	ref := method.Ref(about)
	switch m.On.Kind {
	case method.RepositoryGroup:
		return method.NoGroup(ref)
	case method.UserGroup:
		return method.NoUserGroup(ref)
	case method.Person:
		return method.NoUser(ref)
	}
	return method.NoRepository(ref)
}

// mayNotMake is RhodeCode's answer, an object, where something may not be made at a path: a group above that may not be
// written to counts as not there. nil where the method makes nothing.
func mayNotMake(m method.Method, about string) error {
	what, parent := "repositories", "Repository group"
	switch m.On.Kind {
	case method.NewRepository:
	case method.NewGroup:
		what, parent = "repository groups", "Parent repository group"
	default:
		return nil
	}
	text := fmt.Sprintf("You do not have the permission to store %s in the root location.", what)
	if above := path.Dir(about); above != "." {
		text = fmt.Sprintf("%s `%s` does not exist", parent, above)
	}
	return method.Fields(method.Denied, map[string]string{"repo_group": text})
}
