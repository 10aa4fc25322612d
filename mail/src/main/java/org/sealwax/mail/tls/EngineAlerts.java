package org.sealwax.mail.tls;

import java.util.Locale;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;
import org.sealwax.mail.tls.wire.AlertName;

/**
 * Finds alerts in the errors of engines. Encrypted alerts cannot be seen on the wire; BoringSSL
 * puts their number (plus 1000) in its error code, JSSE their name in its message.
 */
final class EngineAlerts {
  private static final Pattern BORING = Pattern.compile("error:([0-9a-fA-F]{8}):");
  private static final Pattern JSSE_RECEIVED =
      Pattern.compile("Received (?:fatal )?alert: ([a-z_]{3,40})");
  private static final Pattern JSSE_SENT = Pattern.compile("^\\(([a-z_]{3,40})\\) ");
  private static final int ALERT_OFFSET = 1000;
  private static final int MAX_DEPTH = 8;
  private static final int MAX_REASON = 200;

  private EngineAlerts() {}

  /** Name of the alert that the peer sent, or null when it sent none. */
  static @Nullable String received(Throwable failure) {
    Throwable t = failure;
    for (int depth = 0; t != null && depth < MAX_DEPTH; depth++, t = t.getCause()) {
      String message = String.valueOf(t.getMessage());
      Matcher boring = BORING.matcher(message);
      if (boring.find()) {
        int reason = (int) (Long.parseLong(boring.group(1), 16) & 0xfff);
        if (reason >= ALERT_OFFSET && reason < ALERT_OFFSET + 256) {
          return AlertName.of(reason - ALERT_OFFSET);
        }
      }
      Matcher jsse = JSSE_RECEIVED.matcher(message);
      if (jsse.find()) {
        return jsse.group(1);
      }
    }
    return null;
  }

  /** Name of the alert that JSSE reports as sent, or null. */
  static @Nullable String sent(Throwable failure) {
    Matcher jsse = JSSE_SENT.matcher(String.valueOf(failure.getMessage()));
    return jsse.find() ? jsse.group(1) : null;
  }

  /** The engine's own words, short and on one line. */
  static String reason(Throwable failure) {
    String message = String.valueOf(failure.getMessage());
    int openssl = message.indexOf("OPENSSL_internal:");
    if (openssl >= 0) {
      message =
          message
              .substring(openssl + "OPENSSL_internal:".length())
              .toLowerCase(Locale.ROOT)
              .replace('_', ' ');
    }
    message = message.replaceAll("[\\r\\n\\t]+", " ").strip();
    return message.length() > MAX_REASON ? message.substring(0, MAX_REASON) : message;
  }
}
