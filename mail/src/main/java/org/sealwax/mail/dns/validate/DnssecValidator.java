package org.sealwax.mail.dns.validate;

import java.io.IOException;
import java.time.Duration;
import java.time.Instant;
import java.util.Comparator;
import java.util.List;
import java.util.Map;
import java.util.OptionalLong;
import java.util.TreeSet;
import java.util.function.Function;
import java.util.stream.Collectors;
import org.jspecify.annotations.Nullable;
import org.sealwax.mail.dns.DnssecStatus;
import org.sealwax.mail.dns.validate.MessageSource.DnsQuery;
import org.sealwax.mail.dns.validate.ValidatedAnswer.AnswerContent;
import org.xbill.DNS.CNAMERecord;
import org.xbill.DNS.DClass;
import org.xbill.DNS.Message;
import org.xbill.DNS.Name;
import org.xbill.DNS.RRSIGRecord;
import org.xbill.DNS.Rcode;
import org.xbill.DNS.Record;
import org.xbill.DNS.SOARecord;
import org.xbill.DNS.Section;
import org.xbill.DNS.Type;

/**
 * Judges answers for one look-up: one question with all its aliases, under one limit of work.
 *
 * <p>An answer is SECURE when the keys of a zone verify it and the walk from the trust anchor down
 * to that zone found a signed DS for each cut. Everything else needs the whole walk, over each
 * label down to the name that was asked: only there can a proven absence of DS make it INSECURE.
 *
 * <p>Not thread-safe.
 */
public final class DnssecValidator {
  /** For how long an established zone may be used: a zone that changes its keys is followed. */
  public static final Duration LONGEST = Duration.ofMinutes(15);

  /** Zones that a message may suggest by its signer names: the right one, and one mistake. */
  private static final int MAX_HINTS = 2;

  private final TrustAnchors anchors;
  private final MessageSource source;
  private final Instant now;
  private final ChainOfTrust chain;
  private @Nullable Message last;

  /**
   * For one look-up.
   *
   * @param known zone cuts established by other look-ups; read and added to
   * @param now for the validity of signatures
   */
  public DnssecValidator(
      TrustAnchors anchors, Map<Name, ZoneStatus> known, MessageSource source, Instant now) {
    this(new StandardAlgorithms(), anchors, known, source, now);
  }

  /** With other algorithms, for tests against recorded zones. */
  DnssecValidator(
      Algorithms algorithms,
      TrustAnchors anchors,
      Map<Name, ZoneStatus> known,
      MessageSource source,
      Instant now) {
    this.anchors = anchors;
    this.source = source;
    this.now = now;
    this.chain = new ChainOfTrust(anchors, known, source, new Verifier(algorithms, now));
  }

  /** Whether a result of another look-up was used, perhaps an old one. */
  public boolean usedKnown() {
    return chain.usedKnown();
  }

  /**
   * Judges the answer for one name and type, without following aliases. A message to an earlier
   * name of the alias chain may have the answer; that counts when it is SECURE, else the question
   * is asked.
   */
  public ValidatedAnswer judge(Name name, int type) {
    try {
      ValidatedAnswer carried = last == null ? null : bySigner(name, type, last);
      if (carried != null) {
        return carried;
      }
      Message message = source.fetch(new DnsQuery(name, type));
      last = message;
      ValidatedAnswer suggested = bySigner(name, type, message);
      return suggested == null ? byZoneOfName(name, type, message) : suggested;
    } catch (IOException | Verifier.Exhausted e) {
      return ValidatedAnswer.unknown(DnssecStatus.FAILED, String.valueOf(e.getMessage()));
    }
  }

  /** The name whose zone answers: DS is the parent's (RFC 4035 3.1.4.1). */
  private static Name zoneSide(Name name, int type) {
    return type == Type.DS ? DnsNames.parent(name) : name;
  }

  /** By the keys of a zone that the message names as a signer, if they prove something; or null. */
  private @Nullable ValidatedAnswer bySigner(Name name, int type, Message message) {
    Name side = zoneSide(name, type);
    TrustAnchors.Anchor anchor = anchors.closest(side, now);
    if (!anchor.isTrusted()) {
      return null;
    }
    for (Name signer : signers(message, side, anchor.zone())) {
      ZoneStatus there;
      try {
        there = chain.zoneOf(signer, true);
      } catch (IOException e) {
        continue; // An attacker may have written this signer into the message.
      }
      if (there instanceof ZoneStatus.Signed zone && zone.zone().equals(signer)) {
        ValidatedAnswer judged = answer(message, zone).read(name, type);
        if (judged.security() == DnssecStatus.SECURE || judged.reason().equals(ZoneProof.OPT_OUT)) {
          // Opt-out: it proves that there is no signed delegation on the way to the name.
          return judged;
        }
      }
    }
    return null;
  }

  private static List<Name> signers(Message message, Name side, Name from) {
    TreeSet<Name> deepestFirst =
        new TreeSet<>(
            Comparator.comparingInt(Name::labels).reversed().thenComparing(Function.identity()));
    for (int section : new int[] {Section.ANSWER, Section.AUTHORITY}) {
      for (Record r : message.getSection(section)) {
        if (r instanceof RRSIGRecord sig
            && side.subdomain(sig.getSigner())
            && sig.getSigner().subdomain(from)) {
          deepestFirst.add(sig.getSigner());
        }
      }
    }
    return deepestFirst.stream().limit(MAX_HINTS).toList();
  }

  /** By the zone that the name is in, whatever the message claims. */
  private ValidatedAnswer byZoneOfName(Name name, int type, Message message) throws IOException {
    return switch (chain.zoneOf(zoneSide(name, type), false)) {
      case ZoneStatus.Signed zone -> answer(message, zone).read(name, type);
      case ZoneStatus.Unsigned unsigned -> plain(name, type, message, unsigned.reason());
      case ZoneStatus.Broken broken -> ValidatedAnswer.unknown(DnssecStatus.BOGUS, broken.reason());
    };
  }

  private ZoneProof answer(Message message, ZoneStatus.Signed zone) {
    return new ZoneProof(message, chain.view(message, zone));
  }

  /**
   * The unvalidated answer for a name, for names in no signed zone.
   *
   * @param reason why it is not validated
   */
  public static ValidatedAnswer plain(Name name, int type, Message message, String reason) {
    Map<Integer, List<Record>> here =
        message.getSection(Section.ANSWER).stream()
            .filter(r -> r.getDClass() == DClass.IN && r.getName().equals(name))
            .collect(Collectors.groupingBy(Record::getType));
    List<Record> found = here.getOrDefault(type, List.of());
    if (!found.isEmpty()) {
      long ttl = found.stream().mapToLong(Record::getTTL).min().orElse(0);
      return insecure(new AnswerContent.Found(found), ttl, reason);
    }
    for (Record r : here.getOrDefault(Type.CNAME, List.of())) {
      if (r instanceof CNAMERecord alias) {
        return insecure(new AnswerContent.Alias(alias.getTarget()), alias.getTTL(), reason);
      }
    }
    List<Record> authority = message.getSection(Section.AUTHORITY);
    // RFC 2308 section 5.
    OptionalLong ttl =
        authority.stream()
            .filter(r -> r instanceof SOARecord && name.subdomain(r.getName()))
            .mapToLong(r -> Math.min(r.getTTL(), ((SOARecord) r).getMinimum()))
            .min();
    boolean noName = message.getRcode() == Rcode.NXDOMAIN;
    if (!noName && ttl.isEmpty() && authority.stream().anyMatch(r -> r.getType() == Type.NS)) {
      // RFC 2308 section 2.2: the name's own servers have not been asked, or did not answer.
      return ValidatedAnswer.unknown(DnssecStatus.FAILED, "a referral instead of an answer");
    }
    return insecure(
        noName ? new AnswerContent.NoName() : new AnswerContent.NoData(), ttl.orElse(0), reason);
  }

  private static ValidatedAnswer insecure(AnswerContent content, long ttl, String reason) {
    return new ValidatedAnswer(DnssecStatus.INSECURE, content, Duration.ofSeconds(ttl), reason);
  }
}
