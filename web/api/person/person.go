// Package person shows people as RhodeCode's API does, in one shape wherever a reply holds somebody: by themselves, as
// members of a user group, followers of a repository, holders of a lock, authors of a comment. It decides how much of somebody
// one caller is shown, and never who may call what.
package person

import (
	"jeton/auth/access"
	"jeton/web/api/method"
)

// User is a person.
type User struct {
	ID          string   `json:"user_id" doc:"The id: 26 letters and digits, which never change; empty for somebody who is gone."`
	Name        string   `json:"username"`
	First       string   `json:"firstname"`
	Last        string   `json:"lastname"`
	Description string   `json:"description"`
	Email       string   `json:"email" doc:"For administrators and oneself; else empty."`
	Emails      []string `json:"emails" doc:"The same as a list."`
	Active      bool     `json:"active" doc:"Is let in."`
	Admin       bool     `json:"admin" doc:"Administers the server."`
	Extern      string   `json:"extern_type" doc:"The sign-in method that made the account; rhodecode where an administrator did."`
	ExternName  string   `json:"extern_name" doc:"The same as extern_type."`
	Service     bool     `json:"service" doc:"The account of a machine (Jeton's own)."`
	Keys        []string `json:"api_keys" doc:"The same as auth_tokens, for older clients."`
	Tokens      []string `json:"auth_tokens" doc:"Beginnings of tokens that live, in get_user and get_users; none elsewhere."`
	Addresses   []string `json:"ip_addresses" doc:"Always empty: networks belong to tokens."`
	Language    *string  `json:"language" doc:"Always null."`
	Login       *string  `json:"last_login" doc:"When the person signed in last, as far as the audit record goes back, in get_user; null elsewhere."`
	Activity    *string  `json:"last_activity" doc:"When a token of the person was used last, in get_user and get_users; null elsewhere."`
	Created     *string  `json:"created_on" doc:"When the account was made (Jeton's own)."`
}

// Local is what RhodeCode calls the sign-in method of accounts that administrators made.
const Local = "rhodecode"

// Show is a person to a caller, without what only the tokens and the audit record know.
func Show(c *method.Call, u access.User) User {
	s := User{ID: u.ID, Name: u.Name, First: u.Firstname, Last: u.Lastname, Description: u.Description, Emails: []string{}, Active: u.Active, Admin: u.Admin,
		Extern: u.Source, Service: u.Service, Keys: []string{}, Tokens: []string{}, Addresses: []string{}, Created: method.TimeOf(u.CreatedAt)}
	if s.Extern == "" {
		s.Extern = Local
	}
	s.ExternName = s.Extern
	if u.Email != "" && (u.ID == c.Identity.UserID || c.Admin()) {
		s.Email, s.Emails = u.Email, []string{u.Email}
	}
	return s
}

// People finds persons by id or name; *access.Users does.
type People interface {
	Find(ref string) (access.User, bool)
}

// As finds the person in whose name a call is to act: the caller, or anybody for those who may act for others. Who may not
// is told the same of everybody, there or not, in RhodeCode's words.
func As(c *method.Call, people People, ref method.Ref, others bool) (access.User, error) {
	u, ok := people.Find(string(ref))
	switch {
	case ok && u.ID == c.Identity.UserID:
		return u, nil
	case !others:
		return access.User{}, method.Fail(method.Denied, "userid is not the same as your user")
	case !ok:
		return access.User{}, method.NoUser(ref)
	}
	return u, nil
}
