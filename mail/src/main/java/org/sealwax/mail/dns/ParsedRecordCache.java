package org.sealwax.mail.dns;

import com.github.benmanes.caffeine.cache.Cache;
import com.github.benmanes.caffeine.cache.Caffeine;
import java.util.List;
import java.util.Optional;
import java.util.function.Function;
import org.jspecify.annotations.Nullable;
import org.sealwax.mail.address.Domain;

/**
 * What was read out of records, remembered by the name that was asked as long as the resolver's
 * cache hands out the very same records: with warm caches a record set is read once and not for
 * each message. Only for readings that depend on nothing but the records, and on how secure they
 * are. Thread-safe.
 *
 * @param <T> the records
 * @param <M> what they mean
 */
public final class ParsedRecordCache<T, M> {
  /** Maximum number of names: those of a busy hour, at some hundred bytes each. */
  static final int MAX_REMEMBERED = 10_000;

  private record ParsedRecords<T, M>(List<T> records, DnssecStatus security, M meaning) {
    /** The same list, not an equal one: nothing is compared record by record. */
    @SuppressWarnings("ReferenceEquality")
    boolean isOf(DnsAnswer<T> answer) {
      return records == answer.records() && security == answer.security();
    }
  }

  private final Cache<Domain, ParsedRecords<T, M>> remembered =
      Caffeine.newBuilder().maximumSize(MAX_REMEMBERED).executor(Runnable::run).build();

  /** An empty cache of at most {@value #MAX_REMEMBERED} names. */
  public ParsedRecordCache() {}

  /**
   * {@return what an answer with records means; empty when it has none}
   *
   * @param asked the name that was asked
   * @param answer the answer of the DNS
   * @param reading reads the records
   */
  public Optional<M> of(Domain asked, DnsAnswer<T> answer, Function<DnsAnswer<T>, M> reading) {
    if (answer.kind() != DnsAnswer.Kind.FOUND) {
      return Optional.empty();
    }
    @Nullable ParsedRecords<T, M> before = remembered.getIfPresent(asked);
    if (before != null && before.isOf(answer)) {
      return Optional.of(before.meaning());
    }
    M meaning = reading.apply(answer);
    remembered.put(asked, new ParsedRecords<>(answer.records(), answer.security(), meaning));
    return Optional.of(meaning);
  }
}
