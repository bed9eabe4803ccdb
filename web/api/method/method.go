// Package method says what a method of the API is: its name, what it is about, what it takes, what it answers, all in one
// declaration. Checking, the reference, the machine-readable documents, the REST-shaped routes and the client are made
// from it; nothing else tells a method's arguments a second time.
//
//	type args struct {
//		Repo method.Ref `arg:"repoid" doc:"Name or id of the repository."`
//	}
//
//	method.Of(method.Method{Name: "get_repo", Doc: "…", On: method.On{Kind: method.Repository, Arg: "repoid", Level: access.Read}},
//		func(ctx context.Context, c *method.Call, in args) (reply, error) { … })
//
//	values ─► Prepare (types, missing ones, limits) ─► the gate, asked about On ─► Ready.Run
//
// It speaks no HTTP and reads no request: web/api does.
package method

import (
	"context"
	"fmt"
	"reflect"

	"jeton/auth/access"
	"jeton/auth/gate"
	"jeton/auth/token"
)

// Method is one method of the API, declared once.
type Method struct {
	// Name is as clients write it.
	Name string
	// Doc is Markdown; its first sentence is the summary.
	Doc string
	// On is what it is about: the gate is asked for that before it runs.
	On On
	// Changes: a token with write access is needed.
	Changes bool
	// Right is what a token needs besides; "" for none.
	Right token.Right
	// Fails are the errors that its users can meet, in RhodeCode's words where it has some.
	Fails []string
	// Example is the args of an example call, JSON.
	Example string
	// REST is the route that serves it besides: "GET repos/{repoid}", "POST repos"; "" where it has none.
	REST string
	// New: it is Jeton's own, and not RhodeCode's.
	New bool
	// Args and Result are filled in by Of.
	Args   []Arg
	Result reflect.Type

	prepare func(v Values) (Ready, error)
}

// Kind is what sort of thing a method is about.
type Kind = gate.Kind

// The kinds.
const (
	Repository      = gate.OnRepository
	RepositoryGroup = gate.OnGroup
	UserGroup       = gate.OnUserGroup
	Person          = gate.OnPerson
	// NewRepository and NewGroup are paths at which something is to be made.
	NewRepository = gate.OnNewRepository
	NewGroup      = gate.OnNewGroup
	// Server is what belongs to nobody: a token that is bound to repositories does not reach it.
	Server = gate.OnServer
	// Open: any live api token may call it, and it shows only what Call.Sees lets it.
	Open = gate.OnOpen
)

// On is what a method is about.
type On struct {
	Kind Kind
	// Arg is the argument that names it ("repoid"); "" for Server and Open. A Person that is left out is the caller.
	Arg string
	// Level is what is needed on the object. A Person has none: one's own account is open to everybody, another's to
	// administrators whose token has the right admin.
	Level access.Level
	// Content: what it changes is what a repository holds, so that an archived one refuses it to its administrators too.
	// Where Level is less than Admin this is so anyway.
	Content bool
}

// Of completes a declaration from the types of its arguments and its result. In is a struct (see Arg for its tags); Out is
// what the reply's JSON is made of, its fields described by tags `doc`. It panics where the declaration is wrong, which any
// test that makes the method finds.
func Of[In, Out any](m Method, run func(ctx context.Context, c *Call, in In) (Out, error)) Method {
	fields, err := compile(reflect.TypeFor[In]())
	if err == nil {
		err = m.check(fields)
	}
	if err != nil {
		panic(fmt.Sprintf("method %s: %v", m.Name, err))
	}
	m.Result = reflect.TypeFor[Out]()
	m.Args = make([]Arg, len(fields))
	for i, f := range fields {
		m.Args[i] = f.Arg
	}
	m.prepare = func(v Values) (Ready, error) {
		var in In
		if err := fields.fill(reflect.ValueOf(&in).Elem(), v); err != nil {
			return Ready{}, err
		}
		about := fields.text(reflect.ValueOf(in), m.On.Arg)
		return Ready{About: about, run: func(ctx context.Context, c *Call) (any, error) { return run(ctx, c, in) }}, nil
	}
	return m
}

// check looks for what a declaration lacks or has twice.
func (m Method) check(fields fields) error {
	switch m.On.Kind {
	case Server, Open:
		if m.On.Arg != "" {
			return fmt.Errorf("it is about %s, which no argument names", m.On.Kind)
		}
	case Repository, RepositoryGroup, UserGroup, Person, NewRepository, NewGroup:
		f, ok := fields.find(m.On.Arg)
		if !ok || f.Type != Name && f.Type != String {
			return fmt.Errorf("no argument %q names what it is about", m.On.Arg)
		}
		if f.Optional && m.On.Kind != Person {
			return fmt.Errorf("the argument %q names what it is about, and may be left out", m.On.Arg)
		}
	default:
		return fmt.Errorf("it is about nothing that is known: %q", m.On.Kind)
	}
	if m.Name == "" || m.Doc == "" {
		return fmt.Errorf("it has no name, or nothing says what it does")
	}
	return nil
}

// Prepare reads the arguments of a call. Its error is an *Error with the code Invalid.
func (m Method) Prepare(v Values) (Ready, error) { return m.prepare(v) }

// Ready is a call whose arguments are read.
type Ready struct {
	// About is the name or id of what it is about, as it came; "" where that was left out, or there is nothing.
	About string

	run func(ctx context.Context, c *Call) (any, error)
}

// Run does what the method does. Its result is of Method.Result; its error is an *Error, or a failure of the server.
func (r Ready) Run(ctx context.Context, c *Call) (any, error) { return r.run(ctx, c) }
