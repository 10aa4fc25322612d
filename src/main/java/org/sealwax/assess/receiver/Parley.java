package org.sealwax.assess.receiver;

import java.io.IOException;
import java.time.Duration;
import org.jspecify.annotations.Nullable;
import org.sealwax.assess.model.Entry;
import org.sealwax.assess.tlsclient.LookWire;
import org.sealwax.mail.smtp.Reply;

/**
 * A conversation led to the point where MAIL may be said: under TLS where the server has it, as
 * mail goes, and in clear where it has not. For the tests that a person asks for by name.
 */
final class Parley {
  /** Connections that one of them takes at most: one where TLS fails, and one in clear. */
  static final int CONNECTIONS = 2;

  private Parley() {}

  /** After EHLO; for the caller to quit. */
  static Line open(Scan scan) throws Shut, InterruptedException {
    Line line = underTls(scan);
    return line == null ? scan.door().greeted() : line;
  }

  private static @Nullable Line underTls(Scan scan) throws Shut, InterruptedException {
    boolean implicit = scan.visit().entry() == Entry.IMPLICIT;
    LookWire wire;
    try {
      wire = scan.engine(scan.offer()).wire();
    } catch (Shut e) {
      return switch (e.why()) {
        case NO_STARTTLS, STARTTLS_REFUSED, INJECTED -> null;
        case NO_CONNECTION_LEFT,
            NO_TIME_LEFT,
            THROTTLED,
            UNREACHABLE,
            SILENT,
            CLOSED,
            GARBAGE,
            ENDLESS,
            UNWELCOME ->
            throw e;
      };
    }
    if (wire == null) {
      if (implicit) {
        throw new Shut(Shut.Why.CLOSED, "TLS did not come about");
      }
      return null;
    }
    Line line = new Line(wire);
    boolean good = false;
    try {
      Duration wait = scan.door().manners().reply();
      if (implicit) {
        line.reply(scan.door().manners().banner());
      }
      Reply hello = line.exchange("EHLO " + scan.visit().ehlo(), wait);
      good = hello.code() == 250;
      if (!good) {
        throw new Shut(Shut.Why.UNWELCOME, "EHLO under TLS is answered " + hello);
      }
      return line;
    } catch (IOException e) {
      throw new Shut(Line.meaning(e), "EHLO under TLS: " + e.getMessage());
    } finally {
      if (!good) {
        line.close();
      }
    }
  }
}
