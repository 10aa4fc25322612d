package org.sealwax.mail.dmarc;

import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import org.sealwax.mail.address.Domain;
import org.sealwax.mail.dns.DnsAnswer;
import org.sealwax.mail.dns.Resolver;

/**
 * The policy records at a domain and above it (RFC 9989 section 4.10).
 *
 * @param start where the walk began
 * @param found from the longest name to the shortest; a walk ends at the first with {@code psd=y}
 *     or {@code psd=n}
 * @param failure why a look-up failed, in words for logs; empty when none did
 */
public record DmarcTreeWalk(Domain start, List<PublishedRecord> found, Optional<String> failure) {
  /** Questions of one walk (RFC 9989 section 4.10). */
  public static final int MAX_QUERIES = 8;

  /** Copies. */
  public DmarcTreeWalk {
    found = List.copyOf(found);
  }

  /**
   * A record and where it is.
   *
   * @param domain the domain that it is about
   * @param record what it states
   */
  public record PublishedRecord(Domain domain, DmarcRecord record) {}

  /**
   * Walks from a domain up. After a failed look-up nothing more is asked: the record that is
   * missing could be the one that counts.
   *
   * @param resolver answers the DNS questions
   * @param start where to begin
   * @return the records
   */
  public static DmarcTreeWalk from(Resolver resolver, Domain start) {
    List<PublishedRecord> found = new ArrayList<>();
    Optional<Domain> at = Optional.of(start);
    while (at.isPresent()) {
      Domain domain = at.get();
      Optional<Domain> name = Domain.ofDns("_dmarc." + domain.name());
      if (name.isPresent()) {
        DnsAnswer<String> answer = resolver.txt(name.get());
        if (answer.kind() == DnsAnswer.Kind.UNKNOWN) {
          String reason = "the TXT look-up of " + name.get() + " failed: " + answer.reason();
          return new DmarcTreeWalk(start, found, Optional.of(reason));
        }
        List<DmarcRecord> records =
            answer.records().stream().flatMap(text -> DmarcRecord.of(text).stream()).toList();
        if (records.size() == 1) {
          found.add(new PublishedRecord(domain, records.getFirst()));
          if (records.getFirst().psd() != DmarcRecord.Psd.UNSAID) {
            break;
          }
        }
      }
      at = above(domain);
    }
    return new DmarcTreeWalk(start, found, Optional.empty());
  }

  /** One label less; of a long name, the seven on the right. */
  private static Optional<Domain> above(Domain domain) {
    Optional<Domain> parent = domain.parent();
    while (parent.isPresent() && labels(parent.get()) >= MAX_QUERIES) {
      parent = parent.get().parent();
    }
    return parent;
  }

  private static int labels(Domain domain) {
    return (int) domain.name().chars().filter(c -> c == '.').count() + 1;
  }

  /** {@return the record at the start of the walk} */
  public Optional<PublishedRecord> own() {
    return found.stream().filter(r -> r.domain().equals(start)).findFirst();
  }

  /** {@return the organizational domain of the start (RFC 9989 section 4.10.2)} */
  public Domain organization() {
    for (PublishedRecord record : found) {
      if (record.record().psd() == DmarcRecord.Psd.NO) {
        return record.domain();
      }
      if (record.record().psd() == DmarcRecord.Psd.YES && !record.domain().equals(start)) {
        return below(record.domain());
      }
    }
    return found.isEmpty() ? start : found.getLast().domain();
  }

  /** The domain one label below, on the way to the start. */
  private Domain below(Domain suffix) {
    Domain at = start;
    for (Optional<Domain> up = at.parent(); up.isPresent(); up = at.parent()) {
      if (up.get().equals(suffix)) {
        return at;
      }
      at = up.get();
    }
    throw new IllegalStateException(suffix + " is not above " + start);
  }

  /**
   * {@return the record that applies to mail of the start: its own, that of its organization, or
   * that of its public suffix (RFC 9989 section 4.10.1)}
   */
  public Optional<PublishedRecord> applicable() {
    Domain organization = organization();
    return own()
        .or(() -> found.stream().filter(r -> r.domain().equals(organization)).findFirst())
        .or(() -> found.stream().filter(r -> r.record().psd() == DmarcRecord.Psd.YES).findFirst());
  }
}
