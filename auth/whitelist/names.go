package whitelist

import "strings"

// views are the names of our own views, in the order in which they are shown.
var views = [...]string{"archive", "diff", "patch", "raw", "download", "commit", "files", "compare"}

// Views are the names of all views that a web token can open.
func Views() []string { return append([]string(nil), views[:]...) }

// theirs are names of RhodeCode's views, as api_access_controllers_whitelist holds them: those of its controllers up to
// version 4.9, and of the view classes after them. The value is our view; "" where we have none.
func theirs() map[string]string {
	return map[string]string{
		"ChangesetController:index":              "commit",
		"ChangesetController:changeset_raw":      "diff",
		"ChangesetController:changeset_patch":    "patch",
		"ChangesetController:changeset_download": "download",
		"ChangesetController:changeset_info":     "",
		"ChangesetController:changeset_children": "",
		"ChangesetController:changeset_parents":  "",
		"FilesController:index":                  "files",
		"FilesController:annotate":               "files",
		"FilesController:raw":                    "raw",
		"FilesController:rawfile":                "raw",
		"FilesController:archivefile":            "archive",
		"FilesController:diff":                   "diff",
		"FilesController:diff_2way":              "",
		"FilesController:history":                "",
		"FilesController:authors":                "",
		"FilesController:nodelist":               "",
		"FilesController:nodetree_full":          "",
		"CompareController:index":                "",
		"CompareController:compare":              "compare",

		"RepoCommitsView:repo_commit_show":             "commit",
		"RepoCommitsView:repo_commit_raw":              "diff",
		"RepoCommitsView:repo_commit_patch":            "patch",
		"RepoCommitsView:repo_commit_download":         "download",
		"RepoCommitsView:repo_commit_data":             "",
		"RepoCommitsView:repo_commit_children":         "",
		"RepoCommitsView:repo_commit_parents":          "",
		"RepoFilesView:repo_files":                     "files",
		"RepoFilesView:repo_files_annotated":           "files",
		"RepoFilesView:repo_files_annotated_previous":  "",
		"RepoFilesView:repo_file_raw":                  "raw",
		"RepoFilesView:repo_file_download":             "raw",
		"RepoFilesView:repo_archivefile":               "archive",
		"RepoFilesView:repo_files_diff":                "diff",
		"RepoFilesView:repo_files_diff_2way_redirect":  "",
		"RepoFilesView:repo_file_history":              "",
		"RepoFilesView:repo_file_authors":              "",
		"RepoFilesView:repo_nodelist":                  "",
		"RepoFilesView:repo_files_nodelist":            "",
		"RepoFilesView:repo_nodetree_full":             "",
		"RepoFilesView:repo_files_default_commit_home": "",
		"RepoCompareView:compare_select":               "",
		"RepoCompareView:compare":                      "compare",
	}
}

// elsewhere are RhodeCode's controllers and view classes none of whose views are here, whatever their names are.
var elsewhere = [...]string{
	"AdminController", "BookmarksController", "BranchesController", "ChangelogController", "FeedController", "FollowersController",
	"ForksController", "GistsController", "HomeController", "JournalController", "LoginController", "NotificationsController",
	"PullrequestsController", "ReposController", "SearchController", "SummaryController", "TagsController", "UsersController",
	"AdminReposView", "AdminUsersView", "FileStoreView", "GistView", "HomeView", "JournalView", "LoginView", "MyAccountView",
	"OpsView", "RepoArtifactsView", "RepoAuditLogsView", "RepoBookmarksView", "RepoBranchesView", "RepoChangelogView",
	"RepoFeedView", "RepoForksView", "RepoPullRequestsView", "RepoSettingsView", "RepoSummaryView", "RepoTagsView",
	"SearchView", "SearchRepoView", "UserProfileView",
}

// known is whether RhodeCode has a view that a name or pattern means, though we have not.
func known(pattern string) bool {
	for name, view := range theirs() {
		if view == "" && like(pattern, name) {
			return true
		}
	}
	class, method, ok := strings.Cut(pattern, ":")
	if !ok || method == "" {
		return false
	}
	for _, c := range elsewhere {
		if like(class, c) {
			return true
		}
	}
	return false
}

// meant are our views that a name or a pattern means, of our names and RhodeCode's.
func meant(pattern string) map[string]bool {
	set := map[string]bool{}
	for _, v := range views {
		if like(pattern, v) {
			set[v] = true
		}
	}
	for name, view := range theirs() {
		if view != "" && like(pattern, name) {
			set[view] = true
		}
	}
	return set
}

// like tells whether a name is as a pattern says: * is any characters, ? is one. It takes at most len(pattern)*len(name)
// steps.
func like(pattern, name string) bool {
	p, n, star, from := 0, 0, -1, 0
	for n < len(name) {
		switch {
		case p < len(pattern) && pattern[p] == '*':
			star, from = p, n
			p++
		case p < len(pattern) && (pattern[p] == '?' || pattern[p] == name[n]):
			p, n = p+1, n+1
		case star >= 0: // let the last * stand for one more
			from++
			p, n = star+1, from
		default:
			return false
		}
	}
	return strings.Trim(pattern[p:], "*") == ""
}
