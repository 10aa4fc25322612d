package org.sealwax.router.ledger;

import java.time.Duration;
import java.time.Instant;
import java.time.temporal.ChronoUnit;
import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;
import org.sealwax.mail.policy.FallbackStep;
import org.sealwax.mail.policy.Observation;
import org.sealwax.mail.tls.verdict.Handshake;
import org.sealwax.mail.tls.verdict.Pin;
import org.sealwax.mail.tls.verdict.Pins;
import org.sealwax.mail.tls.verdict.TlsVersion;

/**
 * One remembered observation of a host.
 *
 * @param at when, in whole seconds
 * @param family of the address
 * @param level what it was worth
 * @param step how much was offered
 * @param origin why it was made
 * @param proven whether DANE was in force and named the peer: then a certificate that does not hold
 *     is not a violation
 * @param version of TLS, or null without TLS
 * @param key of the leaf certificate, or null without one
 */
public record RememberedSample(
    Instant at,
    HostPath.PathFamily family,
    ProvenLevel level,
    FallbackStep step,
    SampleOrigin origin,
    boolean proven,
    @Nullable TlsVersion version,
    @Nullable Pin key) {
  /** The reason for a connection. */
  public enum SampleOrigin {
    /** Mail that may teach us something: each session counts for the domain. */
    MAIL,
    /** We wanted to know the host: counts for the host, and not as a session of the domain. */
    GREETING,
    /** What others choose, such as mail with a null sender: watched, and nothing else. */
    OTHER
  }

  /** Whole seconds, as they are stored. */
  public RememberedSample {
    at = RecordColumns.within(at).truncatedTo(ChronoUnit.SECONDS);
  }

  static RememberedSample of(HostSample sample, SampleOrigin origin, Instant now) {
    Handshake handshake =
        sample.observation() instanceof Observation.Encrypted e ? e.handshake() : null;
    return new RememberedSample(
        now,
        HostPath.PathFamily.of(sample.address()),
        ProvenLevel.of(sample),
        sample.step(),
        origin,
        sample.proven(),
        handshake == null ? null : handshake.version(),
        handshake == null || handshake.peerChain().isEmpty()
            ? null
            : Pins.of(handshake.peerChain().getFirst()));
  }

  private static final RecordColumns<RememberedSample> FORM =
      new RecordColumns<>("history", RememberedSample.class);

  /**
   * The observations of a host in one text: the first with its time, the others with the seconds
   * since the one before; the rest of one that is like the one before is left out.
   */
  static String text(List<RememberedSample> samples) {
    List<String> items = new ArrayList<>();
    for (RememberedSample sample : samples) {
      List<@Nullable String> words = FORM.write(sample);
      if (!items.isEmpty()) {
        RememberedSample before = samples.get(items.size() - 1);
        words.set(0, Long.toString(Duration.between(before.at, sample.at).toSeconds()));
        words = words.subList(0, sample.equals(before.again(sample.at)) ? 1 : words.size());
      }
      items.add(RecordColumns.words(words));
    }
    return RecordColumns.items(items);
  }

  /**
   * Reads {@link #text}.
   *
   * @throws IllegalArgumentException or DateTimeException when it is no such text
   */
  static List<RememberedSample> list(String text) {
    List<RememberedSample> out = new ArrayList<>();
    for (List<@Nullable String> words : RecordColumns.items(text)) {
      if (out.isEmpty()) {
        out.add(FORM.read(words));
        continue;
      }
      RememberedSample before = out.getLast();
      long seconds = Long.parseLong(String.valueOf(words.getFirst()));
      RecordColumns.must(Math.abs(seconds) <= RecordColumns.LATEST.getEpochSecond());
      Instant at = before.at.plusSeconds(seconds);
      RecordColumns.must(at.equals(RecordColumns.within(at)));
      if (words.size() > 1) {
        words.set(0, at.toString());
      }
      out.add(words.size() == 1 ? before.again(at) : FORM.read(words));
    }
    return out;
  }

  /** The same at another time. */
  RememberedSample again(Instant later) {
    return new RememberedSample(later, family, level, step, origin, proven, version, key);
  }

  /** Whether mail that counts was its reason. */
  public boolean counts() {
    return origin == SampleOrigin.MAIL;
  }
}
