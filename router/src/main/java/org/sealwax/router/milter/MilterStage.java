package org.sealwax.router.milter;

import java.util.List;

/** A command of the protocol that a filter answers, with what it may negotiate about it. */
enum MilterStage {
  CONNECT('C', 0x1, 0x1000, "j", "daemon_name", "daemon_addr", "v", "_"),
  HELO('H', 0x2, 0x2000, "tls_version", "cipher", "cipher_bits", "cert_subject", "cert_issuer"),
  MAIL(
      'M',
      0x4,
      0x4000,
      "i",
      "auth_type",
      "auth_authen",
      "auth_author",
      "mail_addr",
      "mail_host",
      "mail_mailer"),
  RCPT('R', 0x8, 0x8000, "i", "rcpt_addr", "rcpt_host", "rcpt_mailer"),
  DATA('T', 0x200, 0x10000, "i"),
  /** The order up to here is that of the numbers in requests for macros. */
  END_OF_MESSAGE('E', 0, 0, "i"),
  END_OF_HEADER('N', 0x40, 0x40000, "i"),
  HEADER('L', 0x20, 0x80),
  BODY('B', 0x10, 0x80000),
  UNKNOWN('U', 0x100, 0x20000);

  private static final List<MilterStage> REQUESTABLE =
      List.of(CONNECT, HELO, MAIL, RCPT, DATA, END_OF_MESSAGE, END_OF_HEADER);

  final char command;

  /** Protocol flag: the filter declines the command. */
  final int omitted;

  /** Protocol flag: the filter does not answer it. */
  final int silent;

  private final String macros;

  MilterStage(char command, int omitted, int silent, String... macros) {
    this.command = command;
    this.omitted = omitted;
    this.silent = silent;
    this.macros = String.join(" ", macros);
  }

  /** Macros that Postfix sends by default, without braces. */
  List<String> macros() {
    return List.of(macros.split(" "));
  }

  /** All protocol flags about stages. */
  static int flags() {
    int flags = 0;
    for (MilterStage stage : values()) {
      flags |= stage.omitted | stage.silent;
    }
    return flags;
  }

  /** The stage of a number in a request for macros, or empty. */
  static List<MilterStage> requested(int number) {
    return number >= 0 && number < REQUESTABLE.size()
        ? List.of(REQUESTABLE.get(number))
        : List.of();
  }
}
