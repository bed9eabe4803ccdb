package gate

import (
	"slices"

	"jeton/auth/token"
)

// form is a credential taken apart: a token, or a user name and a password, or nothing.
type form struct {
	guest   bool
	vouched bool
	isToken bool
	token   token.Secret
	// user stands beside the secret; a token that came as the user name has none.
	user     string
	password string
}

// read looks at a credential's form alone and asks nobody. What cannot be right is refused here, without a look-up.
func read(c Credential, w doorway) (form, error) {
	switch {
	case c.Scheme == "vouched" && c.Claim != nil && c.User == "" && c.Secret == "" && slices.Contains(w.schemes, c.Scheme):
		return form{vouched: true}, nil
	case c.Claim != nil:
		return form{}, badPlace(w)
	case c.Scheme == "" && c.Secret == "" && c.User == "":
		return form{guest: true}, nil
	case !slices.Contains(w.schemes, c.Scheme):
		return form{}, badPlace(w)
	case c.Scheme == "ssh-key":
		return form{}, badCredential("a key that was not proven")
	case token.Looks(c.Secret) && token.Looks(c.User):
		return form{}, twoCredentials()
	case token.Looks(c.Secret):
		return readToken(c.Secret, c.User)
	case token.Looks(c.User):
		return readUserName(c, w)
	case w.password && (c.Scheme == "basic" || c.Scheme == "ssh-password"):
		return readPassword(c)
	}
	return form{}, badCredential("not a token")
}

func readToken(text, user string) (form, error) {
	secret, err := token.Parse(text)
	if err != nil {
		return form{}, badCredential("malformed token")
	}
	return form{isToken: true, token: secret, user: user}, nil
}

// readUserName takes the token that came as the user name, with nothing beside it or the word that means nothing.
func readUserName(c Credential, w doorway) (form, error) {
	if !w.asUser || c.Scheme != "basic" || c.Secret != "" && c.Secret != "x-oauth-basic" {
		return form{}, badCredential("a token as the user name")
	}
	return readToken(c.User, "")
}

func readPassword(c Credential) (form, error) {
	if c.User == "" || c.Secret == "" {
		return form{}, badCredential("empty user name or password")
	}
	return form{user: c.User, password: c.Secret}, nil
}
