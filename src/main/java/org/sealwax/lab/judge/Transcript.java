package org.sealwax.lab.judge;

import org.sealwax.lab.site.Event;
import org.sealwax.mail.tls.wire.Ja4;

/** What happened at a trap, as lines for a person. */
public final class Transcript {
  private Transcript() {}

  /** One line: when, what, and by or to whom; strangers' text as it came. */
  public static String line(Event event) {
    String told =
        switch (event) {
          case Event.Asked a ->
              "DNS "
                  + a.name()
                  + " "
                  + a.type()
                  + (a.dnssecOk() ? " DO" : "")
                  + (a.checkingDisabled() ? " CD" : "");
          case Event.Fetched f ->
              f.trouble().isEmpty()
                  ? "HTTPS " + f.path() + " -> " + f.status()
                  : "HTTPS " + f.trouble();
          case Event.Connected c ->
              "["
                  + c.connection()
                  + "] connected to "
                  + c.host()
                  + " from "
                  + c.from().getHostAddress();
          case Event.Said s ->
              "[" + s.connection() + "] " + (s.bySender() ? "C: " : "S: ") + s.text();
          case Event.Hello h ->
              "["
                  + h.connection()
                  + "] ClientHello, "
                  + h.raw().length
                  + " octets"
                  + PassiveRecord.read(h).map(hello -> ", JA4 " + Ja4.of(hello)).orElse("");
          case Event.Secured s ->
              "["
                  + s.connection()
                  + "] == TLS "
                  + Integer.toHexString(s.version())
                  + " suite "
                  + Integer.toHexString(s.suite())
                  + " group "
                  + Integer.toHexString(s.group())
                  + " name "
                  + s.serverName()
                  + " certificates "
                  + s.clientChain().size()
                  + " ==";
          case Event.Unsecured u -> "[" + u.connection() + "] == no TLS: " + u.why() + " ==";
          case Event.Delivered d ->
              "[" + d.connection() + "] == message taken, " + (d.tls() ? "TLS" : "CLEAR") + " ==";
          case Event.Closed c -> "[" + c.connection() + "] closed";
          case Event.Turned c -> "== the site changes ==";
          case Event.Bounced b -> "BOUNCE " + b.action() + " " + b.status();
          case Event.Fooled f -> "[" + f.connection() + "] == " + f.how() + " ==";
          case Event.Reported r ->
              "REPORT by " + r.way() + " " + r.types() + " " + r.successes() + "/" + r.failures();
        };
    return event.at().toString().substring(11, Math.min(23, event.at().toString().length()))
        + " "
        + told;
  }
}
