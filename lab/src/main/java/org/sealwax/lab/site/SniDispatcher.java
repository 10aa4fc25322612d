package org.sealwax.lab.site;

import java.io.Closeable;
import java.io.IOException;
import java.io.InputStream;
import java.time.Duration;
import java.util.Arrays;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;
import java.util.function.Consumer;
import org.sealwax.mail.net.BlockInput;
import org.sealwax.mail.net.Deadline;
import org.sealwax.mail.net.Wire;
import org.sealwax.mail.net.WireOver;
import org.sealwax.mail.tls.wire.ClientHello;

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
        owner = handlers.getOrDefault(peeked.serverName(), pages);
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

  /** A wire whose first bytes were inspected, and are read again. */
  private static final class PeekedWire extends WireOver {
    private byte[] held = new byte[0];
    private int at;

    PeekedWire(Wire below) {
      super(below);
    }

    /** The name asked for, or empty. */
    String serverName() throws IOException {
      while (true) {
        switch (ClientHello.read(held, 0, held.length)) {
          case ClientHello.ClientHelloParse.Whole(ClientHello hello) -> {
            String name = hello.serverName();
            return name == null ? "" : name;
          }
          case ClientHello.ClientHelloParse.Broken b -> {
            return "";
          }
          case ClientHello.ClientHelloParse.Partial(int missing) -> {
            byte[] more = below().in().readNBytes(missing);
            if (more.length < missing || held.length > ClientHello.MAX_SIZE) {
              throw new IOException("no hello came");
            }
            held = Arrays.copyOf(held, held.length + more.length);
            System.arraycopy(more, 0, held, held.length - more.length, more.length);
          }
        }
      }
    }

    @Override
    public InputStream in() {
      InputStream rest = super.in();
      return new BlockInput() {
        @Override
        public int read(byte[] into, int offset, int length) throws IOException {
          if (at == held.length) {
            return rest.read(into, offset, length);
          }
          int count = Math.min(length, held.length - at);
          System.arraycopy(held, at, into, offset, count);
          at += count;
          return count;
        }

        @Override
        public int available() throws IOException {
          return held.length - at + rest.available();
        }
      };
    }
  }
}
