package org.sealwax.router.policyd;

import java.nio.charset.StandardCharsets;

/** A reply of socketmap_table(5). */
sealed interface SocketmapReply {
  /** Bytes of a reply that Postfix's client takes. */
  int MAX_LENGTH = 100_000;

  /**
   * A policy.
   *
   * @param line a level of postconf(5) and its attributes, in ASCII
   */
  record Found(String line) implements SocketmapReply {}

  /** No entry: the level in main.cf holds. */
  record NotFound() implements SocketmapReply {}

  /**
   * Not known now: Postfix defers the mail.
   *
   * @param reason for its log
   */
  record Temporary(String reason) implements SocketmapReply {}

  /** The look-up took too long; the result will be known later. */
  record TimedOut(String reason) implements SocketmapReply {}

  /** The request is malformed. */
  record Permanent(String reason) implements SocketmapReply {}

  /** As it goes on the wire. */
  default String text() {
    return switch (this) {
      case Found f -> "OK " + f.line();
      case NotFound n -> "NOTFOUND ";
      case Temporary t -> "TEMP " + plain(t.reason());
      case TimedOut t -> "TIMEOUT " + plain(t.reason());
      case Permanent p -> "PERM " + plain(p.reason());
    };
  }

  /** The level's word, or what stands for it: for metrics. */
  default String word() {
    return switch (this) {
      case Found f -> f.line().split(" ", 2)[0];
      case NotFound n -> "notfound";
      case Temporary t -> "temp";
      case TimedOut t -> "timeout";
      case Permanent p -> "perm";
    };
  }

  /** The bytes of {@link #text}. */
  default byte[] bytes() {
    return text().getBytes(StandardCharsets.US_ASCII);
  }

  /**
   * Reasons hold text from the DNS and from peers: it must be printable and short in Postfix's log.
   */
  private static String plain(String reason) {
    StringBuilder out = new StringBuilder();
    for (int i = 0; i < reason.length() && i < 300; i++) {
      char c = reason.charAt(i);
      out.append(c >= 0x20 && c < 0x7f ? c : '?');
    }
    return out.toString();
  }
}
