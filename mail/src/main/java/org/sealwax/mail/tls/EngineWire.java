package org.sealwax.mail.tls;

import java.io.EOFException;
import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.net.SocketTimeoutException;
import java.nio.ByteBuffer;
import java.time.Duration;
import java.util.Objects;
import java.util.Optional;
import java.util.concurrent.locks.ReentrantLock;
import javax.net.ssl.SSLEngine;
import javax.net.ssl.SSLEngineResult;
import javax.net.ssl.SSLException;
import org.jspecify.annotations.Nullable;
import org.sealwax.mail.net.BlockInput;
import org.sealwax.mail.net.BlockOutput;
import org.sealwax.mail.net.Deadline;
import org.sealwax.mail.net.FailureText;
import org.sealwax.mail.net.Wire;
import org.sealwax.mail.net.WireOver;
import org.sealwax.mail.tls.verdict.Handshake;
import org.sealwax.mail.tls.verdict.TlsException;
import org.sealwax.mail.tls.wire.AlertName;
import org.sealwax.mail.tls.wire.RecordHeader;

/**
 * TLS over a plain wire: an engine fed with whole records that we cut ourselves. The session's
 * thread reads and writes; {@link #close()} may come from any thread.
 *
 * <p>Users of engine or buffers are counted; the last one after {@code close()} releases them.
 */
final class EngineWire extends WireOver implements TlsWire {
  private static final ByteBuffer NOTHING = ByteBuffer.allocate(0);

  /** Plaintext bytes of one record (RFC 8446 5.1). */
  private static final int MAX_PLAIN = 1 << 14;

  /**
   * Records in a row that bring no data: tickets, key updates, empty fragments. A peer that sends
   * more makes us work for nothing.
   */
  private static final int MAX_BARREN = 64;

  /** Rounds of a handshake; one-byte records of a 64 KiB chain included. */
  private static final int MAX_ROUNDS = 400_000;

  /**
   * Bytes of a client's handshake beyond which it gets no ticket: the ticket holds its chain, and
   * clients refuse tickets over 16 KiB, ending a connection that was good.
   */
  private static final int MAX_FOR_TICKET = 12 * 1024;

  /** Time limit for close_notify when the peer's window is full; after it the connection is cut. */
  private static final Duration CLOSE_NOTIFY_LIMIT = Duration.ofMillis(250);

  private final RecordReader records;
  private final EngineFactory.TlsEngineHandle lease;
  private final SSLEngine engine;
  private final boolean client;
  private final HandshakeRecords shown;
  private final UseCount uses = new UseCount();
  private final ReentrantLock writing = new ReentrantLock();

  private int handshakeBytes;
  private @Nullable Handshake handshake;

  /** Plaintext as an engine leaves it, up to its position. */
  private @Nullable ByteBuffer plain;

  /** Plaintext to be read, from its position on. */
  private @Nullable ByteBuffer ready;

  private boolean ended;
  private boolean truncated;
  private boolean hasReceived;
  private volatile boolean broken;

  /** Name of the alert we sent unencrypted, when an engine refused. */
  private @Nullable String lastAlert;

  private final InputStream in = new TlsInput();
  private final OutputStream out = new TlsOutput();

  EngineWire(
      Wire clear,
      RecordReader records,
      EngineFactory.TlsEngineHandle lease,
      boolean client,
      String offeredSessionId) {
    super(clear);
    this.records = records;
    this.lease = lease;
    this.engine = lease.ssl();
    this.client = client;
    this.shown = new HandshakeRecords(client, offeredSessionId);
  }

  // --- use and release -------------------------------------------------------------------------

  private void exit() {
    if (uses.exit()) {
      release();
    }
  }

  /** The OCSP answer stapled to the handshake; null when there was none. */
  byte @Nullable [] staple() {
    return lease.staple();
  }

  private void release() {
    ByteBuffer held = plain;
    plain = null;
    if (held != null) {
      Buffers.SHARED.give(held);
    }
    held = ready;
    ready = null;
    if (held != null) {
      Buffers.SHARED.give(held);
    }
    records.giveBack();
    lease.release();
  }

  @Override
  public void close() throws IOException {
    end(super::close);
  }

  @Override
  public void finish() throws IOException {
    end(super::finish);
  }

  /** How the wire below is ended. */
  private interface TransportEnd {
    void run() throws IOException;
  }

  private void end(TransportEnd below) throws IOException {
    if (!uses.end()) {
      below().close();
      return;
    }
    // The engine is not released while close_notify is sent: this is a user of it.
    try {
      if (handshake != null && !broken && writing.tryLock()) {
        try {
          farewell();
        } finally {
          writing.unlock();
        }
      }
    } finally {
      try {
        below.run();
      } finally {
        exit();
      }
    }
  }

  /** close_notify (RFC 8446 6.1), as far as it costs nothing. */
  private void farewell() {
    try (Deadline _ = Deadline.after(CLOSE_NOTIFY_LIMIT, below())) {
      engine.closeOutbound();
      flush();
    } catch (IOException e) {
      // The peer has closed: it needs no close_notify.
    }
  }

  // --- handshake -------------------------------------------------------------------------------

  /** Runs the handshake to its end. */
  void runHandshake() throws TlsException {
    try {
      uses.enter();
    } catch (IOException e) {
      throw new TlsException(TlsException.Kind.CLOSED, "closed before the handshake", e);
    }
    writing.lock();
    try {
      rounds();
    } catch (TlsException e) {
      broken = true;
      throw e;
    } catch (SSLException e) {
      broken = true;
      throw refused(e, false);
    } catch (SocketTimeoutException e) {
      broken = true;
      throw new TlsException(TlsException.Kind.TIMEOUT, "timeout in the TLS handshake", e);
    } catch (IOException e) {
      broken = true;
      throw new TlsException(TlsException.Kind.CLOSED, "connection lost in the TLS handshake", e);
    } finally {
      writing.unlock();
      exit();
    }
  }

  private void rounds() throws IOException {
    engine.beginHandshake();
    boolean fed = false;
    for (int round = 0; round < MAX_ROUNDS; round++) {
      switch (engine.getHandshakeStatus()) {
        case NOT_HANDSHAKING, FINISHED -> {
          if (lease.direct()) {
            flush();
          }
          return;
        }
        case NEED_WRAP -> flush();
        case NEED_TASK -> tasks();
        case NEED_UNWRAP, NEED_UNWRAP_AGAIN -> {
          // tcnative stops after the check of a certificate, and continues with no new bytes.
          if (fed) {
            fed = false;
            unwrap(NOTHING, false);
            continue;
          }
          fed = lease.direct();
          handshakeRecord();
        }
      }
    }
    throw new TlsException(TlsException.Kind.ALERT_SENT, "the TLS handshake does not end");
  }

  private void tasks() {
    for (Runnable task = engine.getDelegatedTask();
        task != null;
        task = engine.getDelegatedTask()) {
      task.run();
    }
  }

  private void handshakeRecord() throws IOException {
    switch (records.next()) {
      case RECORD -> {
        // Below.
      }
      case END ->
          throw new TlsException(
              TlsException.Kind.CLOSED,
              records.cut()
                  ? "connection closed inside a record of the TLS handshake"
                  : "connection closed in the TLS handshake");
      case NOT_TLS -> throw records.notTls();
    }
    RecordHeader header = records.header();
    shown.received(records);
    if (header.type() == RecordHeader.ALERT && header.length() == 2) {
      int at = records.offset() + RecordHeader.SIZE;
      int level = records.bytes()[at];
      int description = records.bytes()[at + 1] & 0xff;
      if (description == AlertName.CLOSE_NOTIFY) {
        throw new TlsException(
            TlsException.Kind.CLOSED, "the peer closed in the TLS handshake (close_notify)");
      }
      if (level == 2) {
        String alert = AlertName.of(description);
        throw received(kind(alert), alert);
      }
    }
    handshakeBytes += records.size();
    if (!client && handshakeBytes > MAX_FOR_TICKET) {
      lease.noTickets();
    }
    unwrapRecord(false);
  }

  private static TlsException received(TlsException.Kind kind, String name) {
    return new TlsException(kind, "the peer sent the alert " + name);
  }

  private TlsException.Kind kind(String alert) {
    return client && (alert.equals("handshake_failure") || alert.equals("insufficient_security"))
        ? TlsException.Kind.NOTHING_IN_COMMON
        : TlsException.Kind.ALERT_RECEIVED;
  }

  /** Turns an engine's refusal into an exception, and sends the engine's alert. */
  private TlsException refused(SSLException e, boolean after) {
    String received = EngineAlerts.received(e);
    if (received != null) {
      return new TlsException(
          after ? TlsException.Kind.AFTER_HANDSHAKE : kind(received),
          "the peer sent the alert " + received,
          e);
    }
    String sent = lastAlert;
    if (sent == null && writing.tryLock()) {
      try {
        sent = lastWord();
      } finally {
        writing.unlock();
      }
    }
    if (sent == null) {
      sent = EngineAlerts.sent(e);
    }
    return new TlsException(
        TlsException.Kind.ALERT_SENT,
        "rejected the peer's TLS"
            + (sent == null ? "" : " with the alert " + sent)
            + engineReason(e),
        e);
  }

  /** The engine's reason in our words; one that we have no words for goes to the log alone. */
  private static String engineReason(SSLException e) {
    Optional<String> reason = FailureText.known(EngineAlerts.reason(e));
    if (reason.isEmpty()) {
      FailureText.log(e);
    }
    return reason.map(words -> ": " + words).orElse("");
  }

  /** Sends the pending alert of an engine; its name when it went in below(). */
  private @Nullable String lastWord() {
    ByteBuffer net = Buffers.SHARED.borrow(lease.direct(), false);
    String name = null;
    try (Deadline _ = Deadline.after(CLOSE_NOTIFY_LIMIT, below())) {
      for (int i = 0; i < 4; i++) {
        net.clear();
        SSLEngineResult result = engine.wrap(NOTHING, net);
        net.flip();
        if (net.hasRemaining()) {
          name = clearAlert(net);
          send(net);
        }
        if (result.bytesProduced() == 0) {
          break;
        }
      }
    } catch (IOException e) {
      // The engine reports the same failure again, or the peer has closed.
    } finally {
      Buffers.SHARED.give(net);
    }
    return name;
  }

  // --- records in ------------------------------------------------------------------------------

  /** Unwraps the current record into {@link #plain}; returns bytes of plaintext. */
  private int unwrapRecord(boolean established) throws IOException {
    int size = records.size();
    SSLEngineResult result;
    if (lease.direct()) {
      ByteBuffer source = Buffers.SHARED.borrow(true, size > Buffers.SMALL);
      try {
        source.put(records.bytes(), records.offset(), size).flip();
        result = unwrapAll(source, established);
      } finally {
        Buffers.SHARED.give(source);
      }
    } else {
      result =
          unwrapAll(ByteBuffer.wrap(records.bytes(), records.offset(), size).slice(), established);
    }
    records.consumed(size);
    if (result.getStatus() == SSLEngineResult.Status.CLOSED || engine.isInboundDone()) {
      ended = true;
    }
    return plain == null ? 0 : plain.position();
  }

  /** One record may take several calls: an engine stops when it has to send something first. */
  private SSLEngineResult unwrapAll(ByteBuffer source, boolean established) throws IOException {
    while (true) {
      int before = source.remaining();
      SSLEngineResult result = unwrap(source, established);
      boolean stuck = source.remaining() == before && result.bytesProduced() == 0;
      switch (result.getHandshakeStatus()) {
        case NEED_TASK -> {
          tasks();
          stuck = false;
        }
        case NEED_WRAP -> {
          post();
          stuck = false;
        }
        default -> {
          // Nothing to do before the next call.
        }
      }
      if (!source.hasRemaining() || result.getStatus() == SSLEngineResult.Status.CLOSED) {
        return result;
      }
      if (stuck) {
        throw new SSLException("the TLS engine did not accept a whole record");
      }
    }
  }

  /** Sends what the engine has to send; once established, takes the writer's lock. */
  private void post() throws IOException {
    writing.lock();
    try {
      flush();
    } finally {
      writing.unlock();
    }
  }

  private SSLEngineResult unwrap(ByteBuffer source, boolean established) throws IOException {
    ByteBuffer into = plain;
    if (into == null) {
      into = Buffers.SHARED.borrow(lease.direct(), false);
      plain = into;
    }
    try {
      SSLEngineResult result = engine.unwrap(source, into);
      if (result.getStatus() == SSLEngineResult.Status.BUFFER_OVERFLOW) {
        throw new SSLException("a record over " + into.capacity() + " bytes");
      }
      return result;
    } finally {
      if (!established && into.position() == 0) {
        plain = null;
        Buffers.SHARED.give(into);
      }
    }
  }

  private int read(byte[] target, int offset, int length) throws IOException {
    if (length == 0) {
      return 0;
    }
    uses.enter();
    try {
      ByteBuffer data = ready;
      if (data == null) {
        ByteBuffer filled = plain;
        if (filled == null || filled.position() == 0) {
          if (!fill()) {
            return -1;
          }
          filled = Objects.requireNonNull(plain);
        }
        plain = null;
        data = filled.flip();
        ready = data;
      }
      int n = Math.min(length, data.remaining());
      data.get(target, offset, n);
      if (!data.hasRemaining()) {
        ready = null;
        Buffers.SHARED.give(data);
      }
      hasReceived = true;
      return n;
    } catch (TlsException e) {
      broken = true;
      throw e;
    } catch (SSLException e) {
      broken = true;
      throw refused(e, true);
    } finally {
      exit();
    }
  }

  /** Reads records until there is plaintext; false at the end. */
  private boolean fill() throws IOException {
    for (int barren = 0; barren <= MAX_BARREN; barren++) {
      if (ended) {
        return false;
      }
      dropEmptyPlain();
      switch (next()) {
        case RECORD -> {
          // Below.
        }
        case END -> {
          return cutOff();
        }
        case NOT_TLS -> throw new SSLException("not a TLS record");
      }
      if (records.header().type() == RecordHeader.HANDSHAKE && !lease.passesOverHelloRequests()) {
        // Unencrypted handshake types exist only up to TLS 1.2: the peer asks to renegotiate.
        throw new SSLException("renegotiation is not allowed");
      }
      if (unwrapRecord(true) > 0) {
        return true;
      }
      if (engine.getHandshakeStatus() == SSLEngineResult.HandshakeStatus.NEED_WRAP && !ended) {
        post();
      }
    }
    throw new SSLException("over " + MAX_BARREN + " records in a row without data");
  }

  private void dropEmptyPlain() {
    ByteBuffer empty = plain;
    if (empty != null && empty.position() == 0) {
      plain = null;
      Buffers.SHARED.give(empty);
    }
  }

  private RecordReader.RecordReadResult next() throws IOException {
    try {
      return records.next();
    } catch (SocketTimeoutException e) {
      throw e;
    } catch (IOException e) {
      if (client && !hasReceived && !uses.isEnded()) {
        throw new TlsException(
            TlsException.Kind.AFTER_HANDSHAKE, "the peer aborted after the TLS handshake", e);
      }
      throw e;
    }
  }

  /** End of stream without close_notify. */
  private boolean cutOff() throws IOException {
    ended = true;
    truncated = true;
    broken = true;
    if (client && !hasReceived) {
      throw new TlsException(
          TlsException.Kind.AFTER_HANDSHAKE, "the peer closed right after the TLS handshake");
    }
    if (records.cut()) {
      throw new EOFException("connection closed inside a TLS record");
    }
    return false;
  }

  @Override
  public boolean truncated() {
    return truncated;
  }

  // --- records out -----------------------------------------------------------------------------

  /** Sends all pending records of the engine; under the writer's lock. */
  private void flush() throws IOException {
    ByteBuffer net = Buffers.SHARED.borrow(lease.direct(), true);
    try {
      while (true) {
        if (net.remaining() < Buffers.SMALL) {
          net.flip();
          send(net);
          net.clear();
        }
        int before = net.position();
        SSLEngineResult result = wrapNothing(net);
        if (result.getHandshakeStatus() == SSLEngineResult.HandshakeStatus.NEED_TASK) {
          tasks();
          continue;
        }
        // BoringSSL's last flight may sit in its buffer when it already reports finished; it writes
        // nothing when nothing is pending. JSSE would send an empty record instead.
        boolean more =
            lease.direct()
                || engine.getHandshakeStatus() == SSLEngineResult.HandshakeStatus.NEED_WRAP;
        if (!more || net.position() == before || result.getStatus() != SSLEngineResult.Status.OK) {
          break;
        }
      }
      net.flip();
      if (net.hasRemaining()) {
        if (handshake == null) {
          shown.sent(net);
        }
        send(net);
      }
    } finally {
      Buffers.SHARED.give(net);
    }
  }

  /** An engine that refuses may have given its alert by the call before: it goes out first. */
  private SSLEngineResult wrapNothing(ByteBuffer net) throws IOException {
    try {
      return engine.wrap(NOTHING, net);
    } catch (SSLException e) {
      net.flip();
      if (net.hasRemaining()) {
        try (Deadline _ = Deadline.after(CLOSE_NOTIFY_LIMIT, below())) {
          lastAlert = clearAlert(net);
          send(net);
        } catch (IOException other) {
          e.addSuppressed(other);
        }
      }
      throw e;
    }
  }

  /** The name of an alert unencrypted at the end of {@code net}, or null. */
  private static @Nullable String clearAlert(ByteBuffer net) {
    int at = net.limit() - (RecordHeader.SIZE + 2);
    return at >= net.position() && net.get(at) == RecordHeader.ALERT && net.get(at + 4) == 2
        ? AlertName.of(net.get(at + 6) & 0xff)
        : null;
  }

  private void send(ByteBuffer net) throws IOException {
    if (net.hasArray()) {
      below().out().write(net.array(), net.arrayOffset() + net.position(), net.remaining());
      return;
    }
    ByteBuffer copy = Buffers.SHARED.borrow(false, net.remaining() > Buffers.SMALL);
    try {
      int n = net.remaining();
      copy.put(net);
      below().out().write(copy.array(), copy.arrayOffset(), n);
    } finally {
      Buffers.SHARED.give(copy);
    }
  }

  private void write(byte[] source, int offset, int length) throws IOException {
    Objects.checkFromIndexSize(offset, length, source.length);
    if (length == 0) {
      return;
    }
    uses.enter();
    writing.lock();
    try {
      boolean bulk = length > MAX_PLAIN / 2;
      ByteBuffer net = Buffers.SHARED.borrow(lease.direct(), bulk);
      ByteBuffer staged = lease.direct() ? Buffers.SHARED.borrow(true, false) : null;
      try {
        int done = 0;
        while (done < length) {
          int part = Math.min(MAX_PLAIN, length - done);
          ByteBuffer from;
          if (staged == null) {
            from = ByteBuffer.wrap(source, offset + done, part);
          } else {
            from = staged.clear().put(source, offset + done, part).flip();
          }
          while (from.hasRemaining()) {
            if (net.remaining() < Buffers.SMALL) {
              net.flip();
              send(net);
              net.clear();
            }
            SSLEngineResult result = engine.wrap(from, net);
            if (result.getStatus() == SSLEngineResult.Status.CLOSED) {
              throw new IOException("the TLS connection is closed for writing");
            }
            if (result.getHandshakeStatus() == SSLEngineResult.HandshakeStatus.NEED_TASK) {
              tasks();
            } else if (result.bytesConsumed() == 0 && result.bytesProduced() == 0) {
              throw new SSLException("the TLS engine accepts no data: " + result);
            }
          }
          done += part;
        }
        net.flip();
        send(net);
      } finally {
        Buffers.SHARED.give(net);
        if (staged != null) {
          Buffers.SHARED.give(staged);
        }
      }
    } catch (SSLException e) {
      broken = true;
      throw refused(e, true);
    } catch (IOException e) {
      broken = true;
      throw e;
    } finally {
      writing.unlock();
      exit();
    }
  }

  // --- as a wire -------------------------------------------------------------------------------

  boolean client() {
    return client;
  }

  SSLEngine engine() {
    return engine;
  }

  /** What the records of the handshake show. */
  HandshakeRecords shown() {
    return shown;
  }

  void handshakeDone(Handshake facts) {
    handshake = facts;
  }

  @Override
  public Handshake handshake() {
    return Objects.requireNonNull(handshake, "used before the handshake");
  }

  @Override
  public InputStream in() {
    return in;
  }

  @Override
  public OutputStream out() {
    return out;
  }

  private final class TlsInput extends BlockInput {

    @Override
    public int read(byte[] target, int offset, int length) throws IOException {
      Objects.checkFromIndexSize(offset, length, target.length);
      return EngineWire.this.read(target, offset, length);
    }

    @Override
    public int available() {
      ByteBuffer data = ready;
      return data == null ? 0 : data.remaining();
    }

    @Override
    public void close() throws IOException {
      EngineWire.this.close();
    }
  }

  private final class TlsOutput extends BlockOutput {

    @Override
    public void write(byte[] source, int offset, int length) throws IOException {
      EngineWire.this.write(source, offset, length);
    }

    @Override
    public void close() throws IOException {
      EngineWire.this.close();
    }
  }
}
