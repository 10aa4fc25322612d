package org.sealwax.lab.site;

import java.net.InetAddress;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.atomic.AtomicLong;
import org.sealwax.lab.traps.Trap;

/** A sighting as a test writes it: what a sender of known conduct would have left behind. */
public final class SightingBuilder {
  /** Between two tries. */
  private static final Duration RETRY = Duration.ofSeconds(10);

  private final List<TrapEvent> events = new ArrayList<>();
  private Instant at = Instant.parse("2026-01-01T00:00:00Z");
  private int connection;

  /** It asked for the way, connected to a host and greeted it. */
  public static SightingBuilder connectedAndGreeted(String host) {
    return asked().connected(host);
  }

  /** It never came. */
  public static SightingBuilder nothing() {
    return new SightingBuilder();
  }

  /** It asked for the way. */
  public static SightingBuilder asked() {
    return new SightingBuilder().asks("MX", "x.example").asks("A", "mx.x.example");
  }

  /** One more event. */
  public SightingBuilder add(TrapEvent event) {
    events.add(event);
    return this;
  }

  /** It asked the DNS. */
  public SightingBuilder asks(String type, String name) {
    return add(
        new TrapEvent.DnsQueried(at, name, type, true, true, InetAddress.getLoopbackAddress()));
  }

  /** It asked for the TLSA records of the host. */
  public SightingBuilder asksTlsa() {
    return asks("TLSA", "_25._tcp.mx.x.example");
  }

  /** It fetched the policy. */
  public SightingBuilder fetches() {
    return add(
        new TrapEvent.PolicyRequested(
            at, "/.well-known/mta-sts.txt", "mta-sts.x.example", 200, ""));
  }

  /** It connected to a host, and greeted it. */
  public SightingBuilder connected(String host) {
    return connected(host, "192.0.2.25");
  }

  /** The same from an address of the sender's. */
  public SightingBuilder connected(String host, String from) {
    connection++;
    return add(new TrapEvent.HostConnected(at, connection, host, InetAddress.ofLiteral(from)))
        .clientLine(false, "EHLO mx.sender.example");
  }

  /** As much time passes as between two attempts. */
  public SightingBuilder pause() {
    at = at.plus(RETRY);
    return this;
  }

  /** The connection ends. */
  public SightingBuilder closed() {
    return add(new TrapEvent.ConnectionClosed(at, connection));
  }

  /** The connection ends, and later the sender asks for the way again. */
  public SightingBuilder later() {
    return closed().pause().asks("MX", "x.example").asks("A", "mx.x.example");
  }

  /** The site becomes what the trap turns it into. */
  public SightingBuilder siteChanged() {
    return add(new TrapEvent.SiteChanged(at));
  }

  /** A line of the sender's. */
  public SightingBuilder clientLine(boolean tls, String line) {
    return add(new TrapEvent.SmtpLineSeen(at, connection, true, tls, line));
  }

  /** A line of the host's. */
  public SightingBuilder serverLine(boolean tls, String line) {
    return add(new TrapEvent.SmtpLineSeen(at, connection, false, tls, line));
  }

  /** STARTTLS and a ClientHello with these bytes. */
  public SightingBuilder hello(byte[] raw) {
    return clientLine(false, "STARTTLS").add(new TrapEvent.ClientHelloSeen(at, connection, raw));
  }

  /** A handshake with a server name, the hybrid group and a client certificate. */
  public SightingBuilder secured(int version) {
    return add(
        new TrapEvent.HandshakeCompleted(
            at, connection, version, 0x1301, 0x11ec, "mx.example", List.of(new byte[] {1})));
  }

  /** No handshake: the sender saw the server's part of it, and ended it. */
  public SightingBuilder unsecured() {
    return add(new TrapEvent.HandshakeAborted(at, connection, true, "the client sent an alert"));
  }

  /** MAIL with these parameters. */
  public SightingBuilder mail(boolean tls, String parameters) {
    return clientLine(tls, "MAIL FROM:<a@b.example>" + parameters);
  }

  /** The message was taken. */
  public SightingBuilder delivered(String host, boolean tls, boolean optional) {
    return add(new TrapEvent.MessageAccepted(at, connection, host, tls, true, optional, ""));
  }

  /** The message was taken, and names the router that it came from. */
  public SightingBuilder deliveredBy(String router, boolean tls) {
    return add(new TrapEvent.MessageAccepted(at, connection, "mx", tls, true, false, router));
  }

  /** The message was taken, and the connection ended before the sender got the reply. */
  public SightingBuilder dropped(String host, boolean tls) {
    return add(new TrapEvent.MessageAccepted(at, connection, host, tls, false, false, ""));
  }

  /** It was given up. */
  public SightingBuilder bounced(String status) {
    return add(new TrapEvent.DsnReturned(at, "failed", status));
  }

  /** It was deceived. */
  public SightingBuilder deceived() {
    return add(new TrapEvent.SenderDeceived(at, connection, "took plaintext for TLS"));
  }

  /** It reported failures of this type. */
  public SightingBuilder reported(String type) {
    return add(new TrapEvent.TlsReportReceived(at, "https", List.of(type), 0, 1, false));
  }

  /** What the lab would have. */
  public Sighting at(Trap.TrapCase trapCase) {
    Sighting sighting = new Sighting(trapCase, new AtomicLong(Long.MAX_VALUE));
    events.forEach(sighting::add);
    return sighting;
  }
}
