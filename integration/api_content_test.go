package integration

// apiContentRows are the rows of the methods that read what team/app holds, and speak of its commits.
func apiContentRows() []apiRow {
	first := func(w *apiWorld) any { return w.first }
	app := func(more args) args {
		more["repoid"] = "team/app"
		return more
	}
	noNodes, statuses := "failed to get repo: `team/app` nodes", "Bad status, must be on of ['not_reviewed', 'approved', 'rejected', 'under_review'] got fine"
	todo := apiCall{As: "reader", Method: "comment_commit", Args: app(args{"commit_id": "main", "message": "Mend this.", "comment_type": "todo"}), Save: "todo"}
	return []apiRow{
		{Name: "basic", Method: "get_repo_changeset", As: "reader", Args: app(args{"revision": first}), Golden: "content/changeset.json"},
		{Name: "extended", Method: "get_repo_changeset", As: "bound", Args: app(args{"revision": "v1", "details": "extended"}), Golden: "content/changeset_extended.json"},
		{Name: "full", Method: "get_repo_changeset", Args: app(args{"revision": "tip", "details": "full"}), Golden: "content/changeset_full.json"},
		{Name: "unknown", Method: "get_repo_changeset", Args: app(args{"revision": "nowhere"}), Error: "Commit nowhere does not exist for `team/app`"},
		{Name: "details", Method: "get_repo_changeset", Args: app(args{"revision": "tip", "details": "x"}), Error: "ret_type must be one of basic,extended,full"},
		{Name: "two", Method: "get_repo_changesets", As: "read-only", Args: app(args{"start_rev": "0", "limit": "2", "details": "full"}), Golden: "content/changesets.json"},
		{Name: "unknown", Method: "get_repo_changesets", Args: app(args{"start_rev": "77", "limit": 1}), Error: "Error occurred during commit fetching: There is no branch, tag or commit «77» in this repository."},
		{Name: "all", Method: "get_repo_nodes", As: "reader", Args: app(args{"revision": "tip", "root_path": "/"}), Golden: "content/nodes.json"},
		{Name: "content of files", Method: "get_repo_nodes", Args: app(args{"revision": "v1", "root_path": "/src", "ret_type": "files", "details": "full", "max_file_bytes": 100}), Golden: "content/nodes_full.json"},
		{Name: "no folder", Method: "get_repo_nodes", Args: app(args{"revision": "tip", "root_path": "/x"}), Error: noNodes},
		{Name: "no commit", Method: "get_repo_nodes", Args: app(args{"revision": "x", "root_path": "/"}), Error: noNodes},
		{Name: "bad type", Method: "get_repo_nodes", Args: app(args{"revision": "tip", "root_path": "/", "ret_type": "error"}), Error: "ret_type must be one of all,dirs,files"},
		{Name: "whole", Method: "get_repo_file", As: "reader", Args: app(args{"commit_id": "tip", "file_path": "README.md", "details": "full"}), Golden: "content/file.json"},
		{Name: "unknown", Method: "get_repo_file", Args: app(args{"commit_id": "tip", "file_path": "x"}), Error: "There is no file in repo: `team/app` at path `x` for commit: `tip`"},
		{Name: "a folder", Method: "get_repo_file", Args: app(args{"commit_id": "tip", "file_path": "src"}), Error: "failed to get repo: `team/app` file at path src"},
		{Name: "all", Method: "get_repo_fts_tree", As: "reader", Args: app(args{"commit_id": "main", "root_path": "/"}), Golden: "content/fts_tree.json"},
		{Name: "no folder", Method: "get_repo_fts_tree", Args: app(args{"commit_id": "main", "root_path": "x"}), Error: noNodes},
		{Name: "all", Method: "get_repo_refs", As: "bound", Args: app(args{}), Golden: "content/refs.json"},
		{Name: "a reader's", Method: "comment_commit", As: "reader", Args: app(args{"commit_id": first, "message": "Looks good.", "status": "approved"}), Golden: "content/comment.json"},
		{Name: "settles another, for somebody", Before: []apiCall{todo}, Method: "comment_commit", As: "owner",
			Args: app(args{"commit_id": "main", "message": "Done.", "resolves_comment_id": saved("todo", "comment_id"), "userid": "bob", "extra_recipients": []string{"ada"}}), Golden: "content/comment_todo.json"},
		{Name: "for somebody who is another", Method: "comment_commit", As: "reader", Args: app(args{"commit_id": "main", "message": "x", "userid": "ada"}), Error: "userid is not the same as your user"},
		{Name: "settles what is no todo", Method: "comment_commit", Args: app(args{"commit_id": "main", "message": "x", "resolves_comment_id": "none"}), Error: "Invalid resolves_comment_id `none` for this commit."},
		{Name: "no such status", Method: "comment_commit", Args: app(args{"commit_id": "main", "message": "x", "status": "fine"}), Error: statuses},
		{Name: "no such commit", Method: "comment_commit", Args: app(args{"commit_id": "abcabca", "message": "x"}), Error: "Commit abcabca does not exist for `team/app`"},
		{Name: "to nobody", Method: "comment_commit", Args: app(args{"commit_id": "main", "message": "x", "extra_recipients": "nobody"}), Error: "user `nobody` does not exist"},
		{Name: "all", Method: "get_repo_comments", As: "reader", Args: app(args{}), Golden: "content/comments.json"},
		{Name: "of a commit and a person", Method: "get_repo_comments", Args: app(args{"commit_id": first, "userid": "bob", "comment_type": "note"}), Golden: "content/comments_of.json"},
		{Name: "bad type", Method: "get_repo_comments", Args: app(args{"comment_type": "bogus"}), Error: "comment_type must be one of `['note', 'todo']` got bogus"},
	}
}
