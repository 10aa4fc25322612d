package org.sealwax.router.deliver;

/**
 * Name and password for AUTH at a smart host. Never logged: its text form shows neither.
 *
 * @param user the name
 * @param password the secret, as read from its file
 */
public record Credentials(String user, String password) {
  /** Checks that there is a name. */
  public Credentials {
    if (user.isEmpty() || user.indexOf('\0') >= 0 || password.indexOf('\0') >= 0) {
      throw new IllegalArgumentException("credentials have a name and no NUL");
    }
  }

  @Override
  public String toString() {
    return "credentials";
  }
}
