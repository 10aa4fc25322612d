package org.sealwax.router.pipe;

import org.sealwax.mail.smtp.EnhancedStatus;

/**
 * The meaning of a command's exit status (the names of {@code sysexits.h}). Only statuses about
 * this message or recipient bounce; statuses about the command, its files or its machine defer the
 * mail until an admin fixes them, and so does everything unknown: a crash, a signal, a shell's 126
 * and 127.
 *
 * @param meaning what to do
 * @param status for the DSN and the log
 * @param text the status in words
 */
public record PipeExitStatus(PipeResult meaning, EnhancedStatus status, String text) {
  /** The result for the mail. */
  public enum PipeResult {
    DELIVERED,
    DEFERRED,
    REFUSED
  }

  /** The meaning of one exit status. */
  public static PipeExitStatus of(int exit) {
    return switch (exit) {
      case 0 -> new PipeExitStatus(PipeResult.DELIVERED, EnhancedStatus.of("2.0.0"), "taken");
      case 64 -> deferred("4.3.5", "command line usage error (EX_USAGE)");
      case 65 -> refused("5.6.0", "data format error (EX_DATAERR)");
      case 66 -> deferred("4.3.0", "cannot open its input (EX_NOINPUT)");
      case 67 -> refused("5.1.1", "user unknown (EX_NOUSER)");
      case 68 -> refused("5.1.2", "host name unknown (EX_NOHOST)");
      case 69 -> refused("5.3.0", "service unavailable (EX_UNAVAILABLE)");
      case 70 -> deferred("4.3.0", "internal software error (EX_SOFTWARE)");
      case 71 -> deferred("4.3.0", "system error (EX_OSERR)");
      case 72 -> deferred("4.3.0", "critical system file missing (EX_OSFILE)");
      case 73 -> deferred("4.3.0", "cannot create an output file (EX_CANTCREAT)");
      case 74 -> deferred("4.3.0", "input or output error (EX_IOERR)");
      case 75 -> deferred("4.3.0", "temporary failure (EX_TEMPFAIL)");
      case 76 -> deferred("4.5.0", "remote error in protocol (EX_PROTOCOL)");
      case 77 -> refused("5.7.0", "permission denied (EX_NOPERM)");
      case 78 -> deferred("4.3.5", "configuration error (EX_CONFIG)");
      case 126 -> deferred("4.3.5", "the command cannot be executed");
      case 127 -> deferred("4.3.5", "the command was not found");
      default ->
          deferred(
              "4.3.0",
              exit > 128 && exit < 160
                  ? "ended by signal " + (exit - 128)
                  : "ended with status " + exit);
    };
  }

  private static PipeExitStatus deferred(String status, String text) {
    return new PipeExitStatus(PipeResult.DEFERRED, EnhancedStatus.of(status), text);
  }

  private static PipeExitStatus refused(String status, String text) {
    return new PipeExitStatus(PipeResult.REFUSED, EnhancedStatus.of(status), text);
  }
}
