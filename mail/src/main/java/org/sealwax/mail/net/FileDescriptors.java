package org.sealwax.mail.net;

import java.io.IOException;
import java.util.Locale;
import org.jspecify.annotations.Nullable;

/**
 * File descriptors: when a process has none left (EMFILE, or ENFILE for the whole machine), opening
 * a file and connecting to a host fail in the same way. That is a fault of this machine, neither a
 * full disk nor a host that does not answer, and Java reports it by the text of an {@link
 * IOException} only.
 */
public final class FileDescriptors {
  /** What to report, and what to do. */
  public static final String TEXT =
      "the process has no file descriptors left: raise LimitNOFILE (ulimit -n)";

  private FileDescriptors() {}

  /**
   * {@return whether this failure, or what caused it, is a lack of descriptors}
   *
   * @param failure the exception, or null
   */
  public static boolean areExhausted(@Nullable Throwable failure) {
    Throwable at = failure;
    for (int depth = 0; at != null && depth < 8; depth++) {
      String text = at.getMessage();
      if (at instanceof IOException
          && text != null
          && mentionsLimit(text.toLowerCase(Locale.ROOT))) {
        return true;
      }
      at = at.getCause();
    }
    return false;
  }

  // strerror(3) of EMFILE and ENFILE with the C library of Linux, and of macOS.
  private static boolean mentionsLimit(String text) {
    return text.contains("too many open files");
  }
}
