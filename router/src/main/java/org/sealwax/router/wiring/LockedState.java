package org.sealwax.router.wiring;

import java.io.IOException;
import java.nio.file.Path;
import org.sealwax.mail.cli.StateFolder;
import org.sealwax.mail.net.FailureText;
import org.sealwax.mail.net.FolderLock;

/** The state folder of a process that starts: made, and locked before anything in it is opened. */
public final class LockedState {
  private LockedState() {}

  /**
   * Takes it.
   *
   * @return the lock; closed after everything in the folder
   * @throws StartFailure when it cannot be made, or another process has it
   */
  public static FolderLock take(Path state) throws StartFailure {
    try {
      StateFolder.create(state);
      return StateFolder.lock(state).orElseThrow(() -> StartFailure.stateInUse(state));
    } catch (StartFailure e) {
      throw e;
    } catch (IOException e) {
      throw new StartFailure(
          "the state folder cannot be made: " + FailureText.of(state, e),
          "set [server] state to a folder that this user can write",
          e);
    }
  }
}
