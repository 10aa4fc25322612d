package org.sealwax.router.deliver;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import org.sealwax.mail.net.FailureText;
import org.sealwax.mail.net.RegularFile;
import org.sealwax.mail.settings.InvalidSetting;

/**
 * Name and password for AUTH at a smart host. Never logged: its text form shows neither.
 *
 * @param user the name
 * @param password the secret, as read from its file
 */
public record Credentials(String user, String password) {
  /** Bytes of a file that holds one password. */
  private static final int MAX_FILE = 4096;

  /** Checks that there is a name. */
  public Credentials {
    if (user.isEmpty() || user.indexOf('\0') >= 0 || password.indexOf('\0') >= 0) {
      throw new IllegalArgumentException("credentials have a name and no NUL");
    }
  }

  /**
   * The password of a file that contains nothing else.
   *
   * @throws InvalidSetting when it cannot be read, which names the file and never what is in it
   */
  static String password(Path file) {
    try {
      return RegularFile.text(file, StandardCharsets.UTF_8, MAX_FILE).strip();
    } catch (IOException e) {
      throw InvalidSetting.because(FailureText.of(file, e))
          .of("password_file")
          .help("write the password alone into it");
    }
  }

  @Override
  public String toString() {
    return "credentials";
  }
}
