package wire

import (
	"net/http"

	"jeton/auth/gate"
	"jeton/web"
	"jeton/web/door"
	"jeton/web/view"
)

// views are what answers the views of repositories, once the door has let somebody in.
func (v *Server) views(d *door.Door) web.ViewHandlers {
	s := v.store
	h := view.New(view.Options{Repos: s.Host, Door: d, Walk: s.bounded("fetch.max_walk"), Patience: s.settings.Duration("receive.patience"), Log: s.Log,
		Limits: view.Limits{Requests: s.bounded("view.max_concurrent"), Timeout: s.settings.Duration("view.timeout"), File: s.settings.Bytes("view.max_file"),
			DiffTime: s.settings.Duration("view.max_diff_time"), DiffBytes: s.settings.Bytes("view.max_diff_bytes"), DiffFiles: s.bounded("view.max_diff_files"),
			DiffBlob: s.settings.Bytes("view.max_diff_file"), Patches: s.bounded("view.max_patches")},
		Archives: view.Archives{Kept: s.Archives, Limits: s.archiveLimits(), Timeout: s.settings.Duration("archive.timeout"), URL: v.URL}})
	downloads := func(w http.ResponseWriter, r *http.Request, visit door.Visit) {
		visit.Served = s.served(visit.Admission, string(gate.View), d.Remote(r))
		h.Archive(w, r, visit)
	}
	return web.ViewHandlers{Archive: downloads, Raw: h.Raw, RawFile: h.RawFile, Diff: h.Diff, Download: h.Download, Patch: h.Patch, FileDiff: h.FileDiff, Compare: h.Compare}
}
