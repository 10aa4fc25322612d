package org.sealwax.lab.site;

import java.net.InetAddress;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import org.sealwax.lab.traps.Trap;

/** A sighting as a test writes it: what a sender of known conduct would have left behind. */
public final class Scripted {
  /** Between two tries. */
  private static final Duration RETRY = Duration.ofSeconds(10);

  private final List<Event> events = new ArrayList<>();
  private Instant at = Instant.parse("2026-01-01T00:00:00Z");
  private int connection;

  /** It asked for the way, connected to a host and greeted it. */
  public static Scripted came(String host) {
    return asked().connected(host);
  }

  /** It never came. */
  public static Scripted nothing() {
    return new Scripted();
  }

  /** It asked for the way. */
  public static Scripted asked() {
    return new Scripted().asks("MX", "x.example").asks("A", "mx.x.example");
  }

  /** One more event. */
  public Scripted add(Event event) {
    events.add(event);
    return this;
  }

  /** It asked the DNS. */
  public Scripted asks(String type, String name) {
    return add(new Event.Asked(at, name, type, true, true, InetAddress.getLoopbackAddress()));
  }

  /** It asked for the TLSA records of the host. */
  public Scripted asksTlsa() {
    return asks("TLSA", "_25._tcp.mx.x.example");
  }

  /** It fetched the policy. */
  public Scripted fetches() {
    return add(new Event.Fetched(at, "/.well-known/mta-sts.txt", "mta-sts.x.example", 200, ""));
  }

  /** It connected to a host, and greeted it. */
  public Scripted connected(String host) {
    return connected(host, "192.0.2.25");
  }

  /** The same from an address of the sender's. */
  public Scripted connected(String host, String from) {
    connection++;
    return add(new Event.Connected(at, connection, host, InetAddress.ofLiteral(from)))
        .says(false, "EHLO mx.sender.example");
  }

  /** As much time goes by as between two tries. */
  public Scripted pause() {
    at = at.plus(RETRY);
    return this;
  }

  /** The connection ends. */
  public Scripted closed() {
    return add(new Event.Closed(at, connection));
  }

  /** The connection ends, and later the sender asks for the way once more. */
  public Scripted later() {
    return closed().pause().asks("MX", "x.example").asks("A", "mx.x.example");
  }

  /** The site becomes what the trap turns it into. */
  public Scripted turned() {
    return add(new Event.Turned(at));
  }

  /** A line of the sender's. */
  public Scripted says(boolean tls, String line) {
    return add(new Event.Said(at, connection, true, tls, line));
  }

  /** A line of the host's. */
  public Scripted hears(boolean tls, String line) {
    return add(new Event.Said(at, connection, false, tls, line));
  }

  /** STARTTLS and a hello with these octets. */
  public Scripted hello(byte[] raw) {
    return says(false, "STARTTLS").add(new Event.Hello(at, connection, raw));
  }

  /** A handshake with a server name, the hybrid group and a client certificate. */
  public Scripted secured(int version) {
    return add(
        new Event.Secured(
            at, connection, version, 0x1301, 0x11ec, "mx.example", List.of(new byte[] {1})));
  }

  /** No handshake: the sender saw the server's part of it, and ended it. */
  public Scripted unsecured() {
    return add(new Event.Unsecured(at, connection, true, "the client sent an alert"));
  }

  /** MAIL with these parameters. */
  public Scripted mail(boolean tls, String parameters) {
    return says(tls, "MAIL FROM:<a@b.example>" + parameters);
  }

  /** The message was taken. */
  public Scripted delivered(String host, boolean tls, boolean optional) {
    return add(new Event.Delivered(at, connection, host, tls, true, optional));
  }

  /** The message was taken, and the connection ended before the sender was told. */
  public Scripted dropped(String host, boolean tls) {
    return add(new Event.Delivered(at, connection, host, tls, false, false));
  }

  /** It was given up. */
  public Scripted bounced(String status) {
    return add(new Event.Bounced(at, "failed", status));
  }

  /** It fell for something. */
  public Scripted fooled() {
    return add(new Event.Fooled(at, connection, "took plaintext for TLS"));
  }

  /** It reported failures of this type. */
  public Scripted reported(String type) {
    return add(new Event.Reported(at, "https", List.of(type), 0, 1, false));
  }

  /** What the lab would have. */
  public Sighting at(Trap.Case row) {
    Sighting sighting = new Sighting(row);
    events.forEach(sighting::add);
    return sighting;
  }
}
