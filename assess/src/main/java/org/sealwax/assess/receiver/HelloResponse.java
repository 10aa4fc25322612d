package org.sealwax.assess.receiver;

import java.util.Locale;
import java.util.Optional;
import org.sealwax.mail.tls.wire.Records;
import org.sealwax.mail.tls.wire.ServerMessage;
import org.sealwax.mail.tls.wire.ServerReader;

/**
 * The answer of a server to one raw ClientHello.
 *
 * @param reader what of it could be read
 * @param end how it ended
 * @param first its first bytes, for evidence
 */
record HelloResponse(ServerReader reader, HelloEnd end, byte[] first) {
  /** How it ended. */
  enum HelloEnd {
    /** The server sent all its unencrypted messages, or a fatal alert. */
    COMPLETE,
    /** It ended the connection in order (FIN): everything that it sent was received. */
    CLOSED,
    /** It reset the connection: what it sent before may be lost. */
    RESET,
    /** Nothing more came in the time. */
    SILENT,
    /** It sent something that is not TLS, or too much. */
    BROKEN;

    /** For people. */
    String label() {
      return name().toLowerCase(Locale.ROOT);
    }
  }

  /** Bytes kept for evidence: a ServerHello. */
  static final int MAX_EVIDENCE = 128;

  /** A refusal without an alert, for what needs no question. */
  static HelloResponse refusal() {
    return new HelloResponse(new ServerReader(), HelloEnd.COMPLETE, new byte[0]);
  }

  /** The ServerHello or HelloRetryRequest. */
  Optional<ServerMessage.ServerHello> hello() {
    return reader.hello();
  }

  /** Whether the server accepted. */
  boolean accepted() {
    return reader.hello().isPresent();
  }

  /** Whether it accepted, and its whole unencrypted flight came. */
  boolean whole() {
    return accepted() && end == HelloEnd.COMPLETE;
  }

  /** Whether it refused in a way that counts as an answer: an alert, or the end. */
  boolean refused() {
    return !accepted() && (connectionOver() || end == HelloEnd.COMPLETE);
  }

  /** Whether it answers the question: accepted or refused. */
  boolean settled() {
    return accepted() || refused();
  }

  /** Whether the connection is over, in order or not. */
  boolean connectionOver() {
    return end == HelloEnd.CLOSED || end == HelloEnd.RESET;
  }

  /** Whether it refused without an alert: a reset, or a close. */
  boolean dropped() {
    return !accepted() && connectionOver() && reader.alerts().isEmpty();
  }

  /**
   * Whether it got nothing that TLS calls an answer: the connection was dropped, or stayed silent.
   */
  boolean unanswered() {
    return dropped() || end == HelloEnd.SILENT;
  }

  /** For people: {@code TLS 1.2, TLS_…}, {@code alert handshake_failure}, {@code closed}. */
  String text() {
    Optional<ServerMessage.ServerHello> hello = reader.hello();
    if (hello.isPresent()) {
      return Records.versionName(hello.get().version())
          + ", "
          + org.sealwax.mail.tls.wire.TlsSuite.name(hello.get().suite());
    }
    if (!reader.alerts().isEmpty()) {
      return "alert " + reader.alerts().getLast().name();
    }
    return switch (end) {
      case COMPLETE, CLOSED -> "the connection was closed";
      case RESET -> "the connection was reset";
      case SILENT -> "no answer";
      case BROKEN -> reader.broken() == null ? "no TLS" : String.valueOf(reader.broken());
    };
  }
}
