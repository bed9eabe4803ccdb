package wire

import (
	"jeton/web"
)

// views are what answers the views of repositories, once the door has let somebody in.
func (v *Server) views() web.ViewHandlers { return web.ViewHandlers{} }
