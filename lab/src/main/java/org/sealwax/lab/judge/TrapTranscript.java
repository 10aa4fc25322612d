package org.sealwax.lab.judge;

import org.sealwax.lab.site.TrapEvent;
import org.sealwax.mail.address.AddressText;
import org.sealwax.mail.tls.wire.Ja4;
import org.sealwax.mail.tls.wire.NamedGroup;
import org.sealwax.mail.tls.wire.Records;
import org.sealwax.mail.tls.wire.TlsSuite;

/** What happened at a trap, as lines for a person. */
public final class TrapTranscript {
  private TrapTranscript() {}

  /** One line: time, direction and text; text from other hosts unchanged. */
  public static String line(TrapEvent event) {
    String text =
        switch (event) {
          case TrapEvent.DnsQueried a ->
              "DNS "
                  + a.name()
                  + " "
                  + a.type()
                  + (a.dnssecOk() ? " DO" : "")
                  + (a.checkingDisabled() ? " CD" : "");
          case TrapEvent.PolicyRequested f ->
              f.failure().isEmpty()
                  ? "HTTPS " + f.path() + " -> " + f.status()
                  : "HTTPS " + f.failure();
          case TrapEvent.HostConnected c ->
              "["
                  + c.connection()
                  + "] connected to "
                  + c.host()
                  + " from "
                  + AddressText.of(c.from());
          case TrapEvent.SmtpLineSeen s ->
              "[" + s.connection() + "] " + (s.bySender() ? "C: " : "S: ") + s.text();
          case TrapEvent.ClientHelloSeen h ->
              "["
                  + h.connection()
                  + "] ClientHello, "
                  + h.raw().length
                  + " bytes"
                  + UngradedFindings.read(h).map(hello -> ", JA4 " + Ja4.of(hello)).orElse("");
          case TrapEvent.HandshakeCompleted s ->
              "["
                  + s.connection()
                  + "] == "
                  + Records.versionName(s.version())
                  + ", "
                  + TlsSuite.name(s.suite())
                  + (s.group() < 0 ? "" : ", " + NamedGroup.name(s.group()))
                  + ", server name "
                  + (s.serverName() == null ? "none" : s.serverName())
                  + ", client certificates "
                  + s.clientChain().size()
                  + " ==";
          case TrapEvent.HandshakeAborted u ->
              "[" + u.connection() + "] == no TLS: " + u.reason() + " ==";
          case TrapEvent.MessageAccepted d ->
              "["
                  + d.connection()
                  + "] == message accepted "
                  + (d.tls() ? "under TLS" : "in plaintext")
                  + " ==";
          case TrapEvent.ConnectionClosed c -> "[" + c.connection() + "] closed";
          case TrapEvent.SiteChanged c -> "== the site changes ==";
          case TrapEvent.DsnReturned b -> "BOUNCE " + b.action() + " " + b.status();
          case TrapEvent.SenderDeceived f -> "[" + f.connection() + "] == " + f.how() + " ==";
          case TrapEvent.TlsReportReceived r ->
              "REPORT by "
                  + r.transport()
                  + " "
                  + (r.types().isEmpty() ? "without failures" : String.join(", ", r.types()))
                  + " "
                  + r.successes()
                  + "/"
                  + r.failures();
        };
    return event.at().toString().substring(11, Math.min(23, event.at().toString().length()))
        + " "
        + text;
  }
}
