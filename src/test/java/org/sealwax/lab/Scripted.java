package org.sealwax.lab;

import java.net.InetAddress;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;

/** A sighting as a test writes it: what a sender of known conduct would have left behind. */
public final class Scripted {
  private static final Instant AT = Instant.parse("2026-01-01T00:00:00Z");
  private static final int CONNECTION = 1;

  private final List<Event> events = new ArrayList<>();

  /** It asked for the way and connected to a host. */
  public static Scripted came(String host) {
    return asked()
        .add(new Event.Connected(AT, CONNECTION, host, InetAddress.ofLiteral("192.0.2.25")));
  }

  /** It never came. */
  public static Scripted nothing() {
    return new Scripted();
  }

  /** It asked for the way. */
  public static Scripted asked() {
    return new Scripted()
        .add(new Event.Asked(AT, "x.example", "MX", true, true, InetAddress.getLoopbackAddress()));
  }

  /** One more event. */
  public Scripted add(Event event) {
    events.add(event);
    return this;
  }

  /** A hello with these octets. */
  public Scripted hello(byte[] raw) {
    return add(new Event.Hello(AT, CONNECTION, raw));
  }

  /** A handshake with a server name, the hybrid group and a client certificate. */
  public Scripted secured(int version) {
    return add(
        new Event.Secured(
            AT, CONNECTION, version, 0x1301, 0x11ec, "mx.example", List.of(new byte[] {1})));
  }

  /** No handshake. */
  public Scripted unsecured() {
    return add(new Event.Unsecured(AT, CONNECTION, "the client sent an alert"));
  }

  /** MAIL with these parameters. */
  public Scripted mail(boolean tls, String parameters) {
    return add(new Event.Said(AT, CONNECTION, true, tls, "MAIL FROM:<a@b.example>" + parameters));
  }

  /** The message was taken. */
  public Scripted delivered(String host, boolean tls, boolean optional) {
    return add(new Event.Delivered(AT, CONNECTION, host, tls, true, optional));
  }

  /** It was given up. */
  public Scripted bounced(String status) {
    return add(new Event.Bounced(AT, "failed", status));
  }

  /** It fell for something. */
  public Scripted fooled() {
    return add(new Event.Fooled(AT, CONNECTION, "took clear text for TLS"));
  }

  /** It reported failures of this type. */
  public Scripted reported(String type) {
    return add(new Event.Reported(AT, "https", List.of(type), 0, 1, false));
  }

  /** What the lab would have. */
  public Sighting at(Trap.Case row) {
    Sighting sighting = new Sighting(row);
    events.forEach(sighting::add);
    return sighting;
  }
}
