import com.jcraft.jsch.JSch;
import com.jcraft.jsch.JSchException;
import com.jcraft.jsch.Session;
import java.io.File;
import java.util.Arrays;
import org.eclipse.jgit.api.CloneCommand;
import org.eclipse.jgit.api.Git;
import org.eclipse.jgit.api.TransportCommand;
import org.eclipse.jgit.lib.Ref;
import org.eclipse.jgit.transport.JschConfigSessionFactory;
import org.eclipse.jgit.transport.OpenSshConfig;
import org.eclipse.jgit.transport.PushResult;
import org.eclipse.jgit.transport.RefSpec;
import org.eclipse.jgit.transport.RemoteRefUpdate;
import org.eclipse.jgit.transport.SshTransport;
import org.eclipse.jgit.transport.TagOpt;
import org.eclipse.jgit.transport.UsernamePasswordCredentialsProvider;
import org.eclipse.jgit.util.FS;

/**
 * JGit as a command: VERB URL DIR USER SECRET [REFSPEC...], where SECRET is a password, or the file of a private key for ssh://.
 * It ends with status 0, with 1 and the library's own words on standard error, or with 2 for a verb that the library lacks.
 */
public class JGitClient {
	public static void main(String[] args) {
		try {
			run(args[0], args[1], new File(args[2]), args[3], args[4], Arrays.copyOfRange(args, 5, args.length));
		} catch (Exception e) {
			for (Throwable cause = e; cause != null; cause = cause.getCause()) {
				System.err.println(cause.getClass().getSimpleName() + ": " + cause.getMessage());
			}
			System.exit(1);
		}
		System.exit(0); // JSch leaves threads behind
	}

	static void run(String verb, String url, File dir, String user, String secret, String[] refspecs) throws Exception {
		switch (verb) {
			case "list":
				for (Ref ref : signIn(Git.lsRemoteRepository().setRemote(url), url, user, secret).call()) {
					System.out.println(ref.getObjectId().name() + "\t" + ref.getName());
				}
				break;
			case "clone":
			case "bare":
				CloneCommand clone = Git.cloneRepository().setURI(url).setDirectory(dir).setBare(verb.equals("bare"));
				signIn(clone, url, user, secret).call().close();
				break;
			case "fetch":
				try (Git git = Git.open(dir)) {
					signIn(git.fetch().setRemote(url).setTagOpt(TagOpt.FETCH_TAGS).setRefSpecs(new RefSpec("+refs/heads/*:refs/remotes/origin/*")), url, user, secret).call();
				}
				break;
			case "push":
				try (Git git = Git.open(dir)) {
					push(git, url, user, secret, refspecs);
				}
				break;
			default:
				System.err.println("JGit has no " + verb);
				System.exit(2);
		}
	}

	static void push(Git git, String url, String user, String secret, String[] refspecs) throws Exception {
		RefSpec[] specs = Arrays.stream(refspecs).map(RefSpec::new).toArray(RefSpec[]::new);
		for (PushResult result : signIn(git.push().setRemote(url).setRefSpecs(specs), url, user, secret).call()) {
			System.err.println(result.getMessages());
			for (RemoteRefUpdate update : result.getRemoteUpdates()) {
				if (update.getStatus() != RemoteRefUpdate.Status.OK && update.getStatus() != RemoteRefUpdate.Status.UP_TO_DATE) {
					throw new Exception(update.getStatus() + " " + update.getRemoteName() + ": " + update.getMessage());
				}
			}
		}
	}

	static <C extends TransportCommand<C, ?>> C signIn(C command, String url, String user, String secret) {
		if (!url.startsWith("ssh://")) {
			return command.setCredentialsProvider(new UsernamePasswordCredentialsProvider(user, secret));
		}
		return command.setTransportConfigCallback(transport -> ((SshTransport) transport).setSshSessionFactory(new KeyFile(secret)));
	}

	/** Signs in with one private key, and takes whatever host key it meets. */
	static class KeyFile extends JschConfigSessionFactory {
		private final String path;

		KeyFile(String path) {
			this.path = path;
		}

		@Override
		protected void configure(OpenSshConfig.Host host, Session session) {
			session.setConfig("StrictHostKeyChecking", "no");
			session.setConfig("PreferredAuthentications", "publickey");
		}

		@Override
		protected JSch createDefaultJSch(FS fs) throws JSchException {
			JSch jsch = new JSch();
			jsch.addIdentity(path);
			return jsch;
		}
	}
}
