package org.sealwax.router.dkim;

import java.io.IOException;
import java.nio.file.AccessDeniedException;
import java.time.Duration;
import java.time.Instant;
import java.time.LocalDate;
import java.time.ZoneOffset;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.function.Predicate;
import org.jspecify.annotations.Nullable;
import org.sealwax.mail.address.Domain;
import org.sealwax.mail.dkim.KeyPublication;
import org.sealwax.mail.dns.DnsAnswer;
import org.sealwax.mail.dns.Resolver;
import org.sealwax.mail.net.FailureText;
import org.sealwax.router.dkim.DkimKeyUse.LastMail;
import org.sealwax.router.dkim.KeyTimes.LoadedKey;

/**
 * Compares the published key records with the keys of the configuration (RFC 6376 section 3.6): a
 * key that signs must be published everywhere before it signs, and for some days after its last
 * mail has left.
 */
public final class KeyRecordCheck {
  /** Before a key signs, its record must be in place: caches keep its absence for up to a day. */
  private static final Duration NEAR = Duration.ofDays(14);

  /**
   * The router writes {@link DkimKeyUse} every few minutes; this one is of a router that stopped.
   */
  private static final Duration STALE = Duration.ofHours(1);

  private final Resolver resolver;
  private final ServerLookup servers;
  private final UseLookup useLookup;
  private final Instant now;

  /** Asks the authoritative servers of a name one by one. */
  @FunctionalInterface
  public interface ServerLookup {
    /** {@return the TXT records by server; empty when no server is found or comparable} */
    Map<String, DnsAnswer<String>> txt(Domain name) throws InterruptedException;
  }

  /** Reads what the router knows of the last mail of each key. */
  @FunctionalInterface
  public interface UseLookup {
    /** {@return what it knows; empty when it has not run} */
    Optional<DkimKeyUse> read() throws IOException;
  }

  /** From the best to the worst. */
  public enum KeyVerdict {
    /** As it should be. */
    OK,
    /** Something may be done. */
    NOTE,
    /** The check has no result. */
    UNKNOWN,
    /** Signatures may fail, now or soon. */
    WARNING,
    /** Signatures fail. */
    ERROR
  }

  /**
   * What was found about one key.
   *
   * @param record name of its record
   * @param verdict what it is worth
   * @param text one sentence
   * @param fix a line of the zone or a command; empty when there is nothing to do
   */
  public record KeyFinding(Domain record, KeyVerdict verdict, String text, List<String> fix) {
    /** Copies. */
    public KeyFinding {
      fix = List.copyOf(fix);
    }
  }

  /**
   * A check.
   *
   * @param resolver as receivers see the records
   * @param servers the authoritative servers
   * @param use of the keys
   * @param now the current time
   */
  public KeyRecordCheck(Resolver resolver, ServerLookup servers, UseLookup use, Instant now) {
    this.resolver = resolver;
    this.servers = servers;
    this.useLookup = use;
    this.now = now;
  }

  /**
   * {@return one finding for each key}
   *
   * @param rows all keys of the configuration
   * @param wanted the domains whose keys are checked
   * @throws InterruptedException when the thread is interrupted while it waits for the DNS
   */
  public List<KeyFinding> of(List<DkimRow> rows, Predicate<Domain> wanted)
      throws InterruptedException {
    List<KeyFinding> findings = new ArrayList<>();
    List<LoadedKey> keys = new ArrayList<>();
    for (DkimRow row : rows) {
      try {
        keys.add(new LoadedKey(row, DkimKeyFile.read(row.domain(), row.selector(), row.key())));
      } catch (IOException e) {
        if (wanted.test(row.domain())) {
          findings.add(unusable(row, e));
        }
      }
    }
    for (LoadedKey key : keys) {
      if (wanted.test(key.row().domain())) {
        findings.add(new KeyAtNow(key, keys).finding());
      }
    }
    return findings;
  }

  private static KeyFinding unusable(DkimRow row, IOException e) {
    Domain name = Domain.of(row.selector() + "._domainkey." + row.domain());
    return e instanceof AccessDeniedException
        ? new KeyFinding(
            name, KeyVerdict.UNKNOWN, row.key() + " is not readable for this user", List.of())
        : new KeyFinding(
            name,
            KeyVerdict.ERROR,
            "the key cannot be used: " + FailureText.of(e),
            List.of("sealwax dkim new " + row.domain()));
  }

  /** The day (UTC) of an instant. */
  private static LocalDate day(Instant at) {
    return at.atZone(ZoneOffset.UTC).toLocalDate();
  }

  /** The first day (UTC) that begins at an instant or after it. */
  private static LocalDate dayFrom(Instant at) {
    return day(at.plus(Duration.ofDays(1)).minusNanos(1));
  }

  private static String fault(KeyPublication found) {
    return switch (found) {
      case PUBLISHED -> "";
      case TESTING -> "the record has t=y: receivers may ignore the signatures";
      case MISSING -> "no key record";
      case SEVERAL -> "there are several key records, and receivers ignore them all";
      case REVOKED -> "the record has an empty p=, which revokes the key";
      case OTHER_KEY -> "the record has another key";
      case OTHER_TYPE -> "the record has another algorithm in k=";
      case NOT_FOR_MAIL -> "the record is not for mail: s= does not name email";
      case UNUSABLE -> "the record is in error";
    };
  }

  /** One key, its place in time, and its records. */
  private final class KeyAtNow {
    private final LoadedKey key;
    private final KeyTimes times;
    private final Domain name;
    private final DnsAnswer<String> answer;
    private final KeyPublication found;

    private KeyAtNow(LoadedKey key, List<LoadedKey> all) {
      this.key = key;
      this.times = KeyTimes.of(key, all, now);
      this.name = key.key().recordName();
      this.answer = resolver.txt(name);
      this.found = KeyPublication.of(key.key(), answer.records());
    }

    private KeyFinding found(KeyVerdict verdict, String text) {
      boolean publish = verdict == KeyVerdict.WARNING || verdict == KeyVerdict.ERROR;
      return new KeyFinding(
          name, verdict, text, publish ? List.of(key.key().zoneLine()) : List.of());
    }

    private boolean isPublished() {
      return found == KeyPublication.PUBLISHED || found == KeyPublication.TESTING;
    }

    private KeyFinding finding() throws InterruptedException {
      if (answer.kind() == DnsAnswer.Kind.UNKNOWN) {
        return found(KeyVerdict.UNKNOWN, "the look-up failed: " + answer.reason());
      }
      return switch (times) {
        case KeyTimes.Signing _ -> signing();
        case KeyTimes.Waiting(Instant from) -> waiting(from);
        case KeyTimes.Ended ended -> ended(ended);
      };
    }

    private KeyFinding signing() throws InterruptedException {
      if (!isPublished()) {
        return found(KeyVerdict.ERROR, fault(found) + ", and the key signs mail");
      }
      return found == KeyPublication.TESTING
          ? found(KeyVerdict.WARNING, fault(found))
          : ofServers("published; the key of " + key.row().key() + " signs mail");
    }

    private KeyFinding waiting(Instant from) throws InterruptedException {
      String begin = "the key signs from " + day(from);
      if (found == KeyPublication.PUBLISHED) {
        return ofServers("published; " + begin);
      }
      KeyVerdict verdict =
          found == KeyPublication.MISSING && from.isAfter(now.plus(NEAR))
              ? KeyVerdict.NOTE
              : KeyVerdict.WARNING;
      return found(verdict, fault(found) + "; " + begin);
    }

    /** Resolvers may have the record while one of the servers does not. */
    private KeyFinding ofServers(String good) throws InterruptedException {
      List<String> without = new ArrayList<>();
      List<String> silent = new ArrayList<>();
      Map<String, DnsAnswer<String>> answers = servers.txt(name);
      answers.forEach(
          (server, records) -> {
            KeyPublication there = KeyPublication.of(key.key(), records.records());
            if (records.kind() == DnsAnswer.Kind.UNKNOWN) {
              silent.add(server + ": " + records.reason());
            } else if (there != KeyPublication.PUBLISHED) {
              without.add(server + ": " + fault(there));
            }
          });
      if (!without.isEmpty()) {
        return found(
            KeyVerdict.WARNING,
            "not yet published by every name server: " + String.join(", ", without));
      }
      return silent.isEmpty() || silent.size() == answers.size()
          ? found(KeyVerdict.OK, good)
          : found(
              KeyVerdict.UNKNOWN, "a name server does not answer: " + String.join(", ", silent));
    }

    private KeyFinding ended(KeyTimes.Ended ended) {
      String end =
          ended
              .successor()
              .map(s -> s + " signs in its place since " + day(ended.since()))
              .orElse("no longer signs since " + day(ended.since()));
      DkimKeyUse use = null;
      String unknown = "the router does not run";
      try {
        use = useLookup.read().orElse(null);
      } catch (IOException e) {
        unknown = FailureText.of(e);
      }
      LastMail last = use == null ? null : use.keys().get(name);
      Instant signed = last == null ? ended.since() : later(last.signed(), ended.since());
      Instant left = later(signed, last == null ? null : last.queued().orElse(null));
      Instant kept = left.plus(KeyTimes.KEPT);
      if (now.isBefore(kept)) {
        String keep = end + "; keep publishing until " + dayFrom(kept) + " at least";
        return isPublished()
            ? found(KeyVerdict.OK, keep)
            : found(KeyVerdict.ERROR, fault(found) + "; " + keep);
      }
      if (!isPublished()) {
        return found(KeyVerdict.OK, end + "; the record is withdrawn, and the row can go, too");
      }
      if (use == null || use.asOf().plus(STALE).isBefore(now)) {
        return found(
            KeyVerdict.UNKNOWN, end + "; keep publishing, because mail may be queued: " + unknown);
      }
      return found(
          KeyVerdict.NOTE,
          end
              + "; the record of "
              + key.row().selector()
              + " can be withdrawn: its last mail left more than "
              + KeyTimes.KEPT.toDays()
              + " days ago");
    }
  }

  private static Instant later(Instant one, @Nullable Instant other) {
    return other != null && other.isAfter(one) ? other : one;
  }
}
