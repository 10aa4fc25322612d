package org.sealwax.lab.site;

import java.io.Closeable;
import java.io.IOException;
import java.time.Duration;
import java.util.Map;
import java.util.Objects;
import java.util.concurrent.ConcurrentHashMap;
import java.util.function.Consumer;
import org.sealwax.mail.net.Deadline;
import org.sealwax.mail.net.Wire;
import org.sealwax.mail.tls.wire.ClientHello;
import org.sealwax.testkit.tls.PeekedWire;

/**
 * One HTTPS address for many hosts: the name in the ClientHello (RFC 6066 3) decides before any
 * engine sees it, so that a host may still be down or have any certificate. A client that asks for
 * no name of a live token gets the pages. Thread-safe.
 */
public final class SniDispatcher implements Consumer<Wire> {
  /** For the ClientHello; browsers send it at once. */
  private static final Duration PATIENCE = Duration.ofSeconds(10);

  private final Map<String, Consumer<Wire>> handlers = new ConcurrentHashMap<>();
  private final Consumer<Wire> pages;

  public SniDispatcher(Consumer<Wire> pages) {
    this.pages = pages;
  }

  /** Registers this name; closing the returned object removes it. */
  Closeable put(String name, Consumer<Wire> owner) {
    handlers.put(name, owner);
    return () -> handlers.remove(name);
  }

  @Override
  public void accept(Wire wire) {
    try {
      PeekedWire peeked = new PeekedWire(wire);
      Consumer<Wire> owner;
      try (Deadline _ = Deadline.after(PATIENCE, wire)) {
        owner = handlers.getOrDefault(serverName(peeked), pages);
      }
      owner.accept(peeked);
    } catch (IOException e) {
      try {
        wire.close();
      } catch (IOException closing) {
        // The connection has failed already.
      }
    }
  }

  /** The name asked for, or empty. */
  private static String serverName(PeekedWire wire) throws IOException {
    return switch (wire.hello()) {
      case ClientHello.ClientHelloParse.Whole(ClientHello hello) ->
          Objects.requireNonNullElse(hello.serverName(), "");
      case ClientHello.ClientHelloParse.Broken b -> "";
      case ClientHello.ClientHelloParse.Partial p ->
          throw new IOException("no ClientHello was received");
    };
  }
}
