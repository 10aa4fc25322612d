package org.sealwax.router.certs.rollover;

import java.time.Duration;
import java.util.List;
import java.util.Optional;
import java.util.function.Function;
import java.util.function.Predicate;
import org.sealwax.mail.address.Domain;
import org.sealwax.mail.dns.DnsAnswer;
import org.sealwax.mail.dns.TlsaRecord;

/**
 * The TLSA records of all our names, as every authoritative server has them at one time.
 *
 * @param answers one for each name, server and address; a name whose servers were not found has one
 *     that is unknown
 */
public record PublishedKeys(List<ServerAnswer> answers) {
  /**
   * The answer of one server at one address.
   *
   * @param owner the name ({@code _25._tcp.mx.example.org})
   * @param server its name and address
   * @param records the answer; unknown when there was none that counts
   */
  public record ServerAnswer(Domain owner, String server, DnsAnswer<TlsaRecord> records) {
    boolean isKnown() {
      return records.kind() != DnsAnswer.Kind.UNKNOWN;
    }

    boolean has(KeyDigest key) {
      return records.records().contains(key.tlsa());
    }

    String at() {
      return owner + " at " + server;
    }
  }

  /** Copies. */
  public PublishedKeys {
    answers = List.copyOf(answers);
    if (answers.isEmpty()) {
      throw new IllegalArgumentException("no names");
    }
  }

  /** {@return which servers answer without a record; empty when none does} */
  Optional<String> lacking(KeyDigest key) {
    return text(a -> a.isKnown() && !a.has(key), _ -> " has no record 3 1 1 " + key.hex());
  }

  /** {@return which servers answer with a record; empty when none does} */
  Optional<String> having(KeyDigest key) {
    return text(a -> a.isKnown() && a.has(key), _ -> " has the record 3 1 1 " + key.hex());
  }

  /** {@return which servers gave no answer that counts; empty when all gave one} */
  Optional<String> unanswered() {
    return text(a -> !a.isKnown(), a -> ": " + a.records().reason());
  }

  private Optional<String> text(
      Predicate<ServerAnswer> wanted, Function<ServerAnswer, String> words) {
    List<String> found = answers.stream().filter(wanted).map(a -> a.at() + words.apply(a)).toList();
    return found.isEmpty() ? Optional.empty() : Optional.of(String.join("; ", found));
  }

  /** {@return the longest time for which a cache keeps one of these answers} */
  Duration ttl() {
    return answers.stream()
        .filter(ServerAnswer::isKnown)
        .map(answer -> answer.records().ttl())
        .max(Duration::compareTo)
        .orElse(Duration.ZERO);
  }
}
