package org.sealwax.router.records;

import java.net.InetAddress;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.function.Predicate;
import java.util.stream.Collectors;
import org.sealwax.mail.address.AddressText;
import org.sealwax.mail.address.Domain;
import org.sealwax.mail.dkim.DkimSigningKey;
import org.sealwax.mail.dkim.KeyPublication;
import org.sealwax.mail.dmarc.DmarcCheck;
import org.sealwax.mail.dmarc.DmarcPublication;
import org.sealwax.mail.dmarc.DmarcResult;
import org.sealwax.mail.dmarc.DmarcVerdict;
import org.sealwax.mail.dns.CaaRecord;
import org.sealwax.mail.dns.DnsAnswer;
import org.sealwax.mail.dns.Resolver;
import org.sealwax.mail.dns.update.ZoneRecord;
import org.sealwax.mail.spf.SpfCheck;
import org.sealwax.mail.spf.SpfRecord;
import org.sealwax.mail.spf.SpfRequest;
import org.sealwax.mail.spf.SpfSender;
import org.sealwax.mail.spf.SpfVerdict;
import org.sealwax.mail.sts.StsRecord;
import org.sealwax.mail.tlsrpt.ReportingPolicy;
import org.sealwax.router.records.RecordStanding.Presence;
import org.sealwax.router.records.RecordStanding.RecordEdit;
import org.sealwax.router.records.WantedRecord.Purpose;
import org.sealwax.router.records.WantedRecord.Requirement;

/**
 * Compares a wanted record with the records that one server has at its name.
 *
 * @param resolver for what a record refers to: included SPF records, DMARC and CAA records of the
 *     domains above
 */
record RecordJudge(Resolver resolver) {
  /** Records of others that are named. */
  private static final int SHOWN = 8;

  private static final String TWO_LEFT = "keep one of them";

  /**
   * What one server has.
   *
   * @param presence whether it will do
   * @param text what was found; empty: nothing to say
   * @param lines published records that will do, or will do after the edit
   * @param edit empty: none is needed, or a person must do it
   */
  record Judgement(
      Presence presence, String text, List<ZoneRecord> lines, Optional<RecordEdit> edit) {
    static Judgement published(String text, List<ZoneRecord> lines) {
      return new Judgement(Presence.PUBLISHED, text, lines, Optional.empty());
    }

    static Judgement unknown(String text) {
      return new Judgement(Presence.NOT_KNOWN, text, List.of(), Optional.empty());
    }

    /** A person must correct it. */
    static Judgement byHand(String text, List<ZoneRecord> lines) {
      return new Judgement(Presence.DIFFERENT, text, lines, Optional.empty());
    }
  }

  /** {@return the judgement of an answer, which is not unknown} */
  Judgement of(WantedRecord wanted, List<ZoneRecord> there) {
    return switch (wanted.requirement()) {
      case Requirement.AllRecords _ -> allRecords(wanted, there);
      case Requirement.AddressName _ -> names(wanted, there);
      case Requirement.OwnMailHost ours -> mx(wanted, ours, there);
      case Requirement.PermittedSources sources -> spf(wanted, sources, there);
      case Requirement.SigningKey(DkimSigningKey key) -> dkim(wanted, key, there);
      case Requirement.AuthorPolicy(Domain domain) -> dmarc(wanted, domain, there);
      case Requirement.ServerKey key -> tlsa(wanted, key, there);
      case Requirement.PolicyId(String id) -> policy(wanted, id, there);
      case Requirement.ReportAddress _ -> tlsReports(wanted, there);
      case Requirement.PermittedIssuer(String issuer) -> caa(wanted, issuer, there);
      case Requirement.NotKnown(String why) -> Judgement.unknown(why);
    };
  }

  /** Nothing is there, or nothing of the kind. */
  private static Judgement missing(WantedRecord wanted, List<ZoneRecord> there) {
    Optional<RecordEdit> edit = edit(there, List.of(), wanted.records());
    return new Judgement(Presence.MISSING, "", edit.orElseThrow().add(), edit);
  }

  /** The new records get the time to live of those that are there (RFC 2181 section 5.2). */
  private static Optional<RecordEdit> edit(
      List<ZoneRecord> there, List<ZoneRecord> remove, List<ZoneRecord> add) {
    List<ZoneRecord> fresh =
        there.isEmpty()
            ? add
            : add.stream().map(record -> record.withTtl(there.getFirst().ttl())).toList();
    return Optional.of(new RecordEdit(there, remove, fresh));
  }

  private static Judgement added(String text, WantedRecord wanted, List<ZoneRecord> there) {
    Optional<RecordEdit> edit = edit(there, List.of(), wanted.records());
    return new Judgement(Presence.DIFFERENT, text, edit.orElseThrow().add(), edit);
  }

  private static Judgement replaced(
      String text, ZoneRecord former, List<ZoneRecord> fresh, List<ZoneRecord> there) {
    Optional<RecordEdit> edit = edit(there, List.of(former), fresh);
    return new Judgement(Presence.DIFFERENT, text, edit.orElseThrow().add(), edit);
  }

  private static boolean has(List<ZoneRecord> there, ZoneRecord wanted) {
    return there.stream().anyMatch(wanted::isSame);
  }

  private static String data(List<ZoneRecord> records) {
    return some(records.stream().map(ZoneRecord::data).toList());
  }

  /** A server may have thousands. */
  private static String some(List<String> all) {
    String some = all.stream().limit(SHOWN).collect(Collectors.joining(", "));
    return all.size() <= SHOWN ? some : some + " and " + (all.size() - SHOWN) + " more";
  }

  private static Judgement allRecords(WantedRecord wanted, List<ZoneRecord> there) {
    if (there.isEmpty()) {
      return missing(wanted, there);
    }
    return wanted.records().stream().allMatch(record -> has(there, record))
        ? Judgement.published("", there)
        // An address that is not ours may receive what ours only sends.
        : Judgement.byHand("there is " + data(there), wanted.records());
  }

  private static Judgement names(WantedRecord wanted, List<ZoneRecord> there) {
    if (there.isEmpty()) {
      return missing(wanted, there);
    }
    return has(there, wanted.records().getFirst())
        ? Judgement.published("", there)
        : Judgement.byHand("the address is called " + data(there), wanted.records());
  }

  private static Judgement mx(
      WantedRecord wanted, Requirement.OwnMailHost ours, List<ZoneRecord> there) {
    if (there.isEmpty()) {
      // RFC 8461 section 8.3: a sender with an earlier policy would not deliver to this host.
      return ours.notYet()
          .map(why -> new Judgement(Presence.MISSING, why, List.of(), Optional.empty()))
          .orElseGet(() -> missing(wanted, there));
    }
    List<String> others = new ArrayList<>();
    for (ZoneRecord record : there) {
      String host = exchange(record);
      if (host.isEmpty()) {
        return Judgement.byHand("the null MX record refuses all mail", wanted.records());
      }
      if (Domain.parse(host).filter(ours.hosts()::contains).isEmpty()) {
        others.add(host);
      }
    }
    if (others.size() == there.size()) {
      return Judgement.byHand(
          "mail goes to " + some(others) + ": change it when mail is to come here",
          wanted.records());
    }
    return Judgement.published(others.isEmpty() ? "" : "next to " + some(others), there);
  }

  /** The host of an MX record; empty for the root (RFC 7505). */
  static String exchange(ZoneRecord record) {
    String host = record.data().substring(record.data().indexOf(' ') + 1);
    return host.endsWith(".") ? host.substring(0, host.length() - 1) : host;
  }

  private static List<ZoneRecord> texts(List<ZoneRecord> there, Predicate<String> wanted) {
    return there.stream().filter(record -> record.text().filter(wanted).isPresent()).toList();
  }

  private static String text(ZoneRecord record) {
    return record.text().orElse("");
  }

  private Judgement spf(
      WantedRecord wanted, Requirement.PermittedSources ours, List<ZoneRecord> there) {
    List<ZoneRecord> found = texts(there, SpfRecord::isVersion1);
    if (found.isEmpty()) {
      return missing(wanted, there);
    }
    if (found.size() > 1) {
      return Judgement.byHand(
          "there are " + found.size() + " SPF records, an error for every receiver: " + TWO_LEFT,
          List.of());
    }
    ZoneRecord record = found.getFirst();
    switch (SpfRecord.of(text(record))) {
      case SpfRecord.Reading.Malformed(String why) -> {
        return Judgement.byHand("the record is in error: " + why, List.of());
      }
      case SpfRecord.Reading.Valid(SpfRecord read) when read.permitsAll() -> {
        return Judgement.byHand("the record permits every host of the internet", List.of());
      }
      case SpfRecord.Reading.Valid _ -> {}
    }
    if (ours.smartHost().isPresent()) {
      return new Judgement(
          Presence.NOT_CHECKED,
          "whether it permits " + ours.smartHost().get() + " is not known here",
          found,
          Optional.empty());
    }
    return evaluated(wanted.owner(), ours.sources(), record, there);
  }

  private Judgement evaluated(
      Domain domain, List<InetAddress> sources, ZoneRecord record, List<ZoneRecord> there) {
    List<InetAddress> refused = new ArrayList<>();
    SpfCheck check = new SpfCheck(new OneTextResolver(resolver, domain, text(record)));
    for (InetAddress source : sources) {
      SpfVerdict verdict =
          check.of(
              new SpfRequest(
                  source, new SpfSender("postmaster", Optional.of(domain)), domain.name()));
      switch (verdict.result()) {
        case PASS -> {}
        case TEMPERROR -> {
          return Judgement.unknown(verdict.reason());
        }
        case PERMERROR, NONE -> {
          return Judgement.byHand("the record is in error: " + verdict.reason(), List.of());
        }
        case FAIL, SOFTFAIL, NEUTRAL -> refused.add(source);
      }
    }
    if (refused.isEmpty()) {
      return Judgement.published("", List.of(record));
    }
    return replaced(
        "does not permit "
            + refused.stream().map(AddressText::of).collect(Collectors.joining(", ")),
        record,
        List.of(MailRecords.spf(domain, text(record), refused)),
        there);
  }

  private static Judgement dkim(WantedRecord wanted, DkimSigningKey key, List<ZoneRecord> there) {
    List<String> texts = there.stream().map(RecordJudge::text).toList();
    String fault =
        switch (KeyPublication.of(key, texts)) {
          case PUBLISHED -> "";
          case TESTING -> "the record has t=y: receivers may ignore the signatures";
          case MISSING -> "no key";
          case SEVERAL -> "there are several key records, and receivers ignore them all";
          case REVOKED -> "the record has an empty p=, which revokes the key";
          case OTHER_KEY -> "the record has another key";
          case OTHER_TYPE -> "the record has another algorithm in k=";
          case NOT_FOR_MAIL -> "the record is not for mail: s= does not name email";
          case UNUSABLE -> "the record is in error";
        };
    if (fault.isEmpty()) {
      return Judgement.published("", there);
    }
    if (there.isEmpty()) {
      return missing(wanted, there);
    }
    return there.size() == 1
        ? replaced(fault, there.getFirst(), wanted.records(), there)
        : Judgement.byHand(fault, wanted.records());
  }

  private Judgement dmarc(WantedRecord wanted, Domain domain, List<ZoneRecord> there) {
    List<String> texts = there.stream().map(RecordJudge::text).toList();
    switch (DmarcPublication.of(texts)) {
      case RECORD -> {
        return Judgement.published("", texts(there, DmarcPublication::isMeant));
      }
      case SEVERAL -> {
        return Judgement.byHand(
            "there are several DMARC records, and receivers ignore them all: " + TWO_LEFT,
            List.of());
      }
      case INVALID -> {
        return correction(
            "the record is in error, and receivers ignore it",
            texts(there, DmarcPublication::isMeant),
            wanted,
            there);
      }
      case MISSING -> {}
    }
    DmarcVerdict above = new DmarcCheck(resolver).ofUnauthenticated(domain);
    if (above.result() == DmarcResult.TEMPERROR) {
      return Judgement.unknown(above.reason());
    }
    return above
        .policyDomain()
        .filter(policy -> !policy.equals(domain))
        .map(policy -> Judgement.published("by the record of " + policy, List.of()))
        .orElseGet(() -> missing(wanted, there));
  }

  /** One record in error is replaced; of several a person chooses. */
  private static Judgement correction(
      String fault, List<ZoneRecord> wrong, WantedRecord wanted, List<ZoneRecord> there) {
    return wrong.size() == 1
        ? replaced(fault, wrong.getFirst(), wanted.records(), there)
        : Judgement.byHand(fault, List.of());
  }

  private static Judgement tlsa(
      WantedRecord wanted, Requirement.ServerKey key, List<ZoneRecord> there) {
    List<ZoneRecord> matching = there.stream().filter(record -> has(key.forms(), record)).toList();
    if (!matching.isEmpty()) {
      ZoneRecord expected = wanted.records().getFirst();
      return Judgement.published(
          has(matching, expected) ? "" : "as " + matching.getFirst().data(), matching);
    }
    return there.isEmpty() || wanted.purpose() == Purpose.TLSA_NEXT
        ? missing(wanted, there)
        : added("the certificate in force matches none of the records", wanted, there);
  }

  private static Judgement policy(WantedRecord wanted, String id, List<ZoneRecord> there) {
    List<ZoneRecord> ours = texts(there, text -> text.startsWith(StsRecord.VERSION));
    return switch (StsRecord.read(there.stream().map(RecordJudge::text).toList())) {
      case StsRecord.Announced(String other) when other.equals(id) -> Judgement.published("", ours);
      case StsRecord.Announced(String other) ->
          correction("the id is " + other, ours, wanted, there);
      case StsRecord.None _ -> missing(wanted, there);
      case StsRecord.Several several ->
          Judgement.byHand(
              several.count() + " records, which count as none: " + TWO_LEFT, List.of());
      case StsRecord.Malformed malformed ->
          correction("the record is in error: " + malformed.why(), ours, wanted, there);
    };
  }

  private static Judgement tlsReports(WantedRecord wanted, List<ZoneRecord> there) {
    List<ZoneRecord> ours = texts(there, text -> text.startsWith(ReportingPolicy.PREFIX));
    return switch (ReportingPolicy.of(there.stream().map(RecordJudge::text).toList())) {
      case ReportingPolicy.Wanted _ -> Judgement.published("", ours);
      case ReportingPolicy.None _ -> missing(wanted, there);
      case ReportingPolicy.Several several ->
          Judgement.byHand(
              several.records() + " records: senders ignore them all; " + TWO_LEFT, List.of());
      case ReportingPolicy.Invalid invalid ->
          correction("the record is in error: " + invalid.why(), ours, wanted, there);
    };
  }

  private Judgement caa(WantedRecord wanted, String issuer, List<ZoneRecord> there) {
    if (!there.isEmpty()) {
      List<String> issuers = there.stream().flatMap(r -> issuer(r.data()).stream()).toList();
      return issuers.isEmpty()
          ? missing(wanted, there)
          : issuers.contains(issuer)
              ? Judgement.published("", there)
              : added("the records do not permit " + issuer, wanted, there);
    }
    // RFC 8659 section 3: the closest records above count.
    for (Optional<Domain> at = wanted.owner().parent(); at.isPresent(); at = at.get().parent()) {
      DnsAnswer<CaaRecord> answer = resolver.caa(at.get());
      if (answer.kind() == DnsAnswer.Kind.UNKNOWN) {
        return Judgement.unknown(at.get() + ": " + answer.reason());
      }
      if (!answer.records().isEmpty()) {
        boolean permits =
            answer.records().stream()
                .flatMap(record -> issuer(record.toString()).stream())
                .anyMatch(issuer::equals);
        return permits
            ? Judgement.published("by the records of " + at.get(), List.of())
            : added("the records of " + at.get() + " do not permit " + issuer, wanted, there);
      }
    }
    return missing(wanted, there);
  }

  /** The domain of an {@code issue} property, without its parameters. */
  private static Optional<String> issuer(String data) {
    String[] parts = data.split(" ", 3);
    if (parts.length < 3 || !parts[1].equalsIgnoreCase("issue")) {
      return Optional.empty();
    }
    String value = parts[2].replace("\"", "");
    int end = value.indexOf(';');
    return Optional.of(
        (end < 0 ? value : value.substring(0, end)).strip().toLowerCase(java.util.Locale.ROOT));
  }
}
