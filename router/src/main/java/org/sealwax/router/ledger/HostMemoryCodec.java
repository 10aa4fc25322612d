package org.sealwax.router.ledger;

import java.io.ByteArrayInputStream;
import java.io.ByteArrayOutputStream;
import java.io.DataInputStream;
import java.io.DataOutputStream;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.time.Instant;
import java.util.EnumMap;
import java.util.Map;
import java.util.Optional;
import org.jspecify.annotations.Nullable;
import org.sealwax.mail.policy.FallbackStep;
import org.sealwax.mail.policy.HostMemory;

/**
 * Encoder and decoder of the fallback ladder's memory of one host; anything else is read as empty.
 */
final class HostMemoryCodec {
  static final int VERSION = 2;

  /** Without the times since when TLS is broken. */
  private static final int VERSION_1 = 1;

  private static final int NONE = 255;
  private static final long LATEST = Instant.parse("9999-12-31T23:59:59Z").toEpochMilli();

  private HostMemoryCodec() {}

  static byte[] write(HostMemory memory) {
    ByteArrayOutputStream bytes = new ByteArrayOutputStream(64);
    try (DataOutputStream out = new DataOutputStream(bytes)) {
      out.writeByte(VERSION);
      FallbackStep proven = memory.strongest();
      out.writeByte(proven == null ? NONE : proven.code());
      time(out, memory.strongestAt());
      out.writeByte(memory.broken().size());
      for (var entry : memory.broken().entrySet()) {
        out.writeByte(entry.getKey().code());
        time(out, entry.getValue());
      }
      time(out, memory.fullFailedFirst());
      time(out, memory.fullFailedLast());
      time(out, memory.starttlsRefusedFirst());
      time(out, memory.brokenSince());
      time(out, memory.brokenLast());
    } catch (IOException e) {
      throw new UncheckedIOException("memory does not fail", e);
    }
    return bytes.toByteArray();
  }

  private static void time(DataOutputStream out, @Nullable Instant at) throws IOException {
    out.writeLong(at == null ? -1 : Math.clamp(at.toEpochMilli(), 0, LATEST));
  }

  static Optional<HostMemory> read(byte[] bytes) {
    try (DataInputStream in = new DataInputStream(new ByteArrayInputStream(bytes))) {
      int version = in.readUnsignedByte();
      must(version == VERSION || version == VERSION_1);
      int shown = in.readUnsignedByte();
      FallbackStep provenStep = shown == NONE ? null : step(shown);
      Instant provenAt = time(in);
      must((provenStep == null) == (provenAt == null));
      int count = in.readUnsignedByte();
      must(count <= FallbackStep.values().length);
      Map<FallbackStep, Instant> broken = new EnumMap<>(FallbackStep.class);
      for (int i = 0; i < count; i++) {
        FallbackStep which = step(in.readUnsignedByte());
        Instant when = time(in);
        if (when == null || broken.put(which, when) != null) {
          return Optional.empty();
        }
      }
      Instant fullFirst = time(in);
      Instant fullLast = time(in);
      Instant refused = time(in);
      Instant since = version == VERSION_1 ? null : time(in);
      Instant last = version == VERSION_1 ? null : time(in);
      must((since == null) == (last == null));
      HostMemory memory =
          new HostMemory(provenStep, provenAt, broken, fullFirst, fullLast, refused, since, last);
      return in.read() < 0 ? Optional.of(memory) : Optional.empty();
    } catch (IOException e) {
      return Optional.empty();
    }
  }

  private static void must(boolean claim) throws IOException {
    if (!claim) {
      throw new IOException("not a memory");
    }
  }

  private static FallbackStep step(int number) throws IOException {
    return FallbackStep.ofCode(number).orElseThrow(() -> new IOException("not a rung"));
  }

  private static @Nullable Instant time(DataInputStream in) throws IOException {
    long millis = in.readLong();
    must(millis >= -1 && millis <= LATEST);
    return millis < 0 ? null : Instant.ofEpochMilli(millis);
  }
}
