package operate

import "jeton/cmd/jeton/control"

// credentials registers the operations about tokens, keys and sign-in methods.
func (o operator) credentials(r control.Registry) {
	o.keys(r)
	o.signIn(r)
	o.tokens(r)
}

// userID is the id of a user name; "" for "", which lists read as everybody.
func (o operator) userID(name string) (string, error) {
	if name == "" {
		return "", nil
	}
	u, err := o.user(name)
	return u.ID, err
}
