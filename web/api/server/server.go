// Package server has the API's methods about the server itself: what it is and how it fares, its ways of signing in, and
// its audit record. All but one's own part of the record is for administrators, whose token has the right admin.
package server

import (
	"context"
	"errors"
	"runtime"
	"runtime/debug"
	"slices"

	"jeton/auth/audit"
	"jeton/auth/signin"
	"jeton/auth/token"
	"jeton/vcs/host"
	"jeton/web/api/method"
)

// SignIn keeps the sign-in plug-ins; *signin.Registry does.
type SignIn interface {
	List() []signin.Info
	Get(id string) (signin.Info, error)
	Change(ctx context.Context, by audit.Actor, id string, c signin.Change) error
}

// Record is the audit record, oldest first and youngest first.
type Record interface {
	Find(ctx context.Context, q audit.Query, limit int) ([]audit.Entry, error)
	Latest(ctx context.Context, q audit.Query, limit int) ([]audit.Entry, error)
}

// Tokens finds tokens; *token.Store does.
type Tokens interface {
	ByID(id string) (token.Token, bool)
}

// Catalogue is what the server keeps of repositories; *host.Host does.
type Catalogue interface {
	// Missing are the repositories of this machine whose folder is not there, of how many.
	Missing(ctx context.Context) (gone []host.Repo, of int, err error)
	Delete(ctx context.Context, id string) error
}

// Options are what the methods need; nothing of it is touched before one runs.
type Options struct {
	// Version is the server's, Database what keeps its rows (sqlite or postgresql), Store the folder of repositories.
	Version, Database, Store string
	SignIn                   SignIn
	Record                   Record
	Tokens                   Tokens
	Catalogue                Catalogue
	// Note writes into the record what was done to the catalogue.
	Note func(ctx context.Context, by audit.Actor, action, resource, detail string) error
	// Gauge reads what the server counts.
	Gauge func(ctx context.Context) (Metrics, error)
}

// Methods are all methods of this package.
func Methods(o Options) []method.Method {
	return slices.Concat(o.about(), o.plugins(), []method.Method{o.auditLog(), o.metrics()})
}

// admins completes a method that is for administrators alone.
func admins(m method.Method) method.Method {
	m.On, m.Right = method.On{Kind: method.Server}, token.RightAdmin
	return m
}

func (o Options) about() []method.Method {
	return []method.Method{
		method.Of(admins(method.Method{Name: "get_server_info", REST: "GET server", Example: `{}`,
			Doc: "Tells which version of the server runs, on what, and of which modules it is made. `rhodecode_version` is Jeton's own version, and `py_version` that of Go.",
		}), o.info),
		method.Of(admins(method.Method{Name: "get_repo_store", REST: "GET server/store", Example: `{}`,
			Doc: "Tells the folder of the repositories, in which each has a folder that is named by its id.",
		}), func(context.Context, *method.Call, struct{}) (store, error) { return store{o.Store}, nil }),
		method.Of(admins(method.Method{Name: "rescan_repos", Changes: true, REST: "POST server/rescan", Example: `{"remove_obsolete": false}`,
			Doc: "Looks for repositories whose folder is gone; with `remove_obsolete` these are deleted, and can come back with their folder for as long as deleted repositories are kept. " +
				"`added` is always empty: a folder of this server is named by an id, and none becomes a repository by lying there.",
			Fails: []string{noStore},
		}), o.rescan),
	}
}

type info struct {
	Version   string     `json:"jeton_version" doc:"The version of this server."`
	RhodeCode string     `json:"rhodecode_version" doc:"The same, where RhodeCode's scripts look for theirs."`
	Python    string     `json:"py_version" doc:"The version of Go that it was built with."`
	Platform  string     `json:"platform" doc:"Operating system and processor."`
	Modules   [][]string `json:"modules" doc:"Name and version of each module that it is made of."`
	Database  string     `json:"database" doc:"sqlite or postgresql."`
	Storage   string     `json:"storage" doc:"The folder of the repositories."`
}

func (o Options) info(context.Context, *method.Call, struct{}) (info, error) {
	v := info{Version: o.Version, RhodeCode: o.Version, Python: runtime.Version(), Platform: runtime.GOOS + "-" + runtime.GOARCH,
		Modules: [][]string{}, Database: o.Database, Storage: o.Store}
	if build, ok := debug.ReadBuildInfo(); ok {
		for _, m := range build.Deps {
			v.Modules = append(v.Modules, []string{m.Path, m.Version})
		}
	}
	return v, nil
}

type store struct {
	Path string `json:"path" doc:"The folder."`
}

// noStore is why nothing is removed where nothing is left: it is more likely that a disk is not there.
const noStore = "Error occurred during rescan repositories action: the folder of no repository is there. See that the disk is mounted; nothing was removed"

type rescanned struct {
	Added   []string `json:"added" doc:"Always empty."`
	Removed []string `json:"removed" doc:"Paths of the repositories that were deleted because their folder is gone."`
	Missing []string `json:"missing" doc:"Paths of the repositories whose folder is gone and that are still in the catalogue."`
}

func (o Options) rescan(ctx context.Context, c *method.Call, in struct {
	Remove bool `arg:"remove_obsolete,optional" default:"false" doc:"Whether repositories whose folder is gone are deleted."`
}) (rescanned, error) {
	v := rescanned{[]string{}, []string{}, []string{}}
	missing, all, err := o.Catalogue.Missing(ctx)
	switch {
	case err != nil:
		return v, err
	case in.Remove && len(missing) == all && all > 0:
		return v, method.Fail(method.Conflict, "%s", noStore)
	}
	for _, r := range missing {
		if !in.Remove {
			v.Missing = append(v.Missing, r.Path)
			continue
		}
		switch err := o.Catalogue.Delete(ctx, r.ID); {
		case errors.Is(err, host.ErrNotFound): // somebody was faster
			continue
		case err != nil:
			return v, err
		}
		v.Removed = append(v.Removed, r.Path)
		if err := o.Note(ctx, c.Actor, "repository.delete", r.Path, "its folder was gone"); err != nil {
			return v, err
		}
	}
	return v, nil
}
