package org.sealwax.dns.validate;

import java.io.IOException;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.TreeSet;
import java.util.function.Function;
import java.util.function.Predicate;
import org.jspecify.annotations.Nullable;
import org.sealwax.dns.Security;
import org.sealwax.dns.validate.Anchors.Anchor;
import org.sealwax.dns.validate.Judgement.Content;
import org.sealwax.dns.validate.Source.Query;
import org.xbill.DNS.CNAMERecord;
import org.xbill.DNS.DClass;
import org.xbill.DNS.DNAMERecord;
import org.xbill.DNS.DNSKEYRecord;
import org.xbill.DNS.DNSSEC;
import org.xbill.DNS.DSRecord;
import org.xbill.DNS.Message;
import org.xbill.DNS.Name;
import org.xbill.DNS.NameTooLongException;
import org.xbill.DNS.RRSIGRecord;
import org.xbill.DNS.Rcode;
import org.xbill.DNS.Record;
import org.xbill.DNS.SOARecord;
import org.xbill.DNS.Section;
import org.xbill.DNS.Type;

/**
 * Judges answers for one inquiry: one question with all its aliases, under one bound of work.
 *
 * <p>An answer is SECURE when the keys of a zone verify it and the walk from the trust anchor down
 * to that zone found a signed DS for each cut. Everything else needs the whole walk, over each
 * label down to the name that was asked: only there can a proven absence of DS make it INSECURE.
 *
 * <p>Not thread-safe.
 */
public final class Validator {
  /** For how long an established zone may be used: a zone that changes its keys is followed. */
  public static final Duration LONGEST = Duration.ofMinutes(15);

  /** Zones that a message may suggest by its signer names: the right one, and one mistake. */
  private static final int MAX_HINTS = 2;

  /** Labels of the walk that are asked for at once below an anchor that is new. */
  private static final int AHEAD = 2;

  /** The same toward a signer, and for names with more labels (reverse names). */
  private static final int FAR_AHEAD = 8;

  /** DNSKEY flags (RFC 4034 2.1.1, RFC 5011 section 7). */
  private static final int ZONE_KEY = 0x100;

  private static final String OPT_OUT = "NSEC3 opt-out";
  private static final String COSTLY = "too many NSEC3 iterations";

  private static final int REVOKED = 0x80;
  private static final int DNSSEC_PROTOCOL = 3;

  private final Algorithms algorithms;
  private final Anchors anchors;
  private final Map<Name, ZoneStatus> known;
  private final Source source;
  private final Instant now;
  private final Work work = new Work();
  private final Map<Name, ZoneStatus> walked = new HashMap<>();
  private @Nullable Message last;
  private boolean usedKnown;

  /**
   * For one inquiry.
   *
   * @param known zone cuts established by other inquiries; read and added to
   * @param now for the validity of signatures
   */
  public Validator(Anchors anchors, Map<Name, ZoneStatus> known, Source source, Instant now) {
    this(new StandardAlgorithms(), anchors, known, source, now);
  }

  /** With other algorithms, for tests against recorded zones. */
  Validator(
      Algorithms algorithms,
      Anchors anchors,
      Map<Name, ZoneStatus> known,
      Source source,
      Instant now) {
    this.algorithms = algorithms;
    this.anchors = anchors;
    this.known = known;
    this.source = source;
    this.now = now;
  }

  /** Whether something counted that another inquiry had established, perhaps a while ago. */
  public boolean usedKnown() {
    return usedKnown;
  }

  /**
   * Judges what the DNS says about one name and type, without following aliases. A message to an
   * earlier name of the alias chain may have the answer; that counts when it is SECURE, else the
   * question is asked.
   */
  public Judgement judge(Name name, int type) {
    try {
      Judgement carried = last == null ? null : bySigner(name, type, last);
      if (carried != null) {
        return carried;
      }
      Message message = source.ask(new Query(name, type));
      last = message;
      Judgement suggested = bySigner(name, type, message);
      return suggested == null ? byWalk(name, type, message) : suggested;
    } catch (IOException e) {
      return Judgement.unknown(Security.FAILED, text(e));
    } catch (Work.Exhausted e) {
      return Judgement.unknown(Security.FAILED, e.getMessage());
    }
  }

  private static String text(IOException e) {
    return e.getMessage() == null ? e.toString() : e.getMessage();
  }

  /** The name whose zone answers: DS is the parent's (RFC 4035 3.1.4.1). */
  private static Name zoneSide(Name name, int type) {
    return type == Type.DS ? Names.parent(name) : name;
  }

  /** By the keys of a zone that the message names as a signer, if they prove something; or null. */
  private @Nullable Judgement bySigner(Name name, int type, Message message) {
    Name side = zoneSide(name, type);
    Anchor anchor = anchors.closest(side, now).orElse(null);
    if (!(anchor instanceof Anchor.Trusted trusted)) {
      return null;
    }
    for (Name signer : signers(message, side, trusted.zone())) {
      if (walk(signer, true) instanceof ZoneStatus.Signed zone && zone.zone().equals(signer)) {
        Judgement judged = read(name, type, message, zone);
        if (judged.security() == Security.SECURE || judged.reason().equals(OPT_OUT)) {
          // Opt-out: its proof says that there is no signed delegation on the way to the name.
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

  /** By the zone that the name is in, whatever the message says. */
  private Judgement byWalk(Name name, int type, Message message) {
    return switch (walk(zoneSide(name, type), false)) {
      case ZoneStatus.Signed zone -> read(name, type, message, zone);
      case ZoneStatus.Unsigned unsigned -> plain(name, type, message, unsigned.reason());
      case ZoneStatus.Broken broken -> Judgement.unknown(broken.security(), broken.reason());
    };
  }

  // The walk

  /**
   * The zone that a name is in, as far as the cuts above it and at it tell.
   *
   * @param isSigner whether it is said to be a zone with keys: then its keys are asked for early
   */
  private ZoneStatus walk(Name target, boolean isSigner) {
    Anchor anchor = anchors.closest(target, now).orElse(null);
    if (anchor instanceof Anchor.Negative negative) {
      return new ZoneStatus.Unsigned("negative trust anchor " + negative.zone(), negative.until());
    }
    if (!(anchor instanceof Anchor.Trusted trusted)) {
      return new ZoneStatus.Unsigned("no trust anchor above " + target, now);
    }
    Name at = target;
    ZoneStatus status = established(at);
    while (status == null && !at.equals(trusted.zone())) {
      at = Names.parent(at);
      status = established(at);
    }
    expect(target, at, status, isSigner);
    if (status == null) {
      status = keep(at, prime(trusted));
    }
    while (status instanceof ZoneStatus.Signed zone && !at.equals(target)) {
      at = Names.ancestor(target, at.labels() + 1);
      status = keep(at, cut(at, Names.ancestor(target, at.labels() + 1), zone));
      expect(target, at, status, isSigner);
    }
    return status;
  }

  private @Nullable ZoneStatus established(Name name) {
    ZoneStatus there = walked.get(name);
    if (there != null) {
      return there;
    }
    ZoneStatus before = known.get(name);
    boolean fresh =
        switch (before) {
          case ZoneStatus.Signed signed -> now.isBefore(signed.until());
          case ZoneStatus.Unsigned unsigned -> now.isBefore(unsigned.until());
          case ZoneStatus.Broken _ -> false;
          case null -> false;
        };
    if (before == null || !fresh) {
      return null;
    }
    usedKnown = true;
    walked.put(name, before);
    return before;
  }

  private ZoneStatus keep(Name name, ZoneStatus status) {
    walked.put(name, status);
    boolean isCut =
        switch (status) {
          case ZoneStatus.Signed signed -> signed.zone().equals(name);
          case ZoneStatus.Unsigned _ -> true;
          case ZoneStatus.Broken _ -> false;
        };
    if (isCut) {
      known.put(name, status);
    }
    return status;
  }

  /** Keys and DS records that the rest of the walk is going to need. */
  private void expect(Name target, Name at, @Nullable ZoneStatus status, boolean isSigner) {
    if (status != null && !(status instanceof ZoneStatus.Signed)) {
      return;
    }
    List<Query> queries = new ArrayList<>();
    if (status == null) {
      queries.add(new Query(at, Type.DNSKEY));
    }
    int left = target.labels() - at.labels();
    // Below an anchor the second label is usually the cut, below a known zone the first one is.
    int likely = status == null ? AHEAD : 1;
    int ahead = Math.min(left, isSigner || left > FAR_AHEAD ? FAR_AHEAD : likely);
    for (int i = 1; i <= ahead; i++) {
      Name below = Names.ancestor(target, at.labels() + i);
      queries.add(new Query(below, Type.DS));
      // What is next to an anchor that is new to us is nearly always a signed zone.
      if (isSigner || (i == 1 && status == null && left > 1)) {
        queries.add(new Query(below, Type.DNSKEY));
      }
    }
    if (queries.size() > 1) {
      source.expect(queries);
    }
  }

  private ZoneStatus prime(Anchor.Trusted anchor) {
    return keys(anchor.zone(), anchor.digests(), anchor.keys(), LONGEST);
  }

  /**
   * What is at one name below a signed zone: the same zone, a signed one, an unsigned one.
   *
   * @param below the next name of the walk; the same name at its end
   */
  private ZoneStatus cut(Name name, Name below, ZoneStatus.Signed parent) {
    Message message;
    try {
      message = source.ask(new Query(name, Type.DS));
    } catch (IOException e) {
      return new ZoneStatus.Broken(Security.FAILED, text(e));
    }
    ZoneView view = view(message, parent);
    ZoneView.Verified found = view.find(name, Type.DS);
    if (found != null && !found.isExpanded()) {
      List<DSRecord> digests =
          found.records().stream()
              .filter(DSRecord.class::isInstance)
              .map(DSRecord.class::cast)
              .toList();
      if (!below.equals(name)) {
        source.expect(List.of(new Query(name, Type.DNSKEY), new Query(below, Type.DS)));
      }
      return keys(name, digests, List.of(), found.ttl());
    }
    Judgement alias = alias(name, view);
    if (alias.security() == Security.SECURE) {
      // No delegation at an alias (RFC 2181 10.1), nor below a DNAME (RFC 6672 2.4).
      return parent;
    }
    if (alias.reason().equals(OPT_OUT)) {
      return new ZoneStatus.Unsigned(OPT_OUT, until(alias.ttl()));
    }
    Denial.Cut best = Denial.Cut.UNPROVEN;
    Duration ttl = LONGEST;
    for (Denial denial : Denial.in(view, work)) {
      Denial.Cut cut = denial.noDs(name);
      if (cut.compareTo(best) < 0) {
        best = cut;
        ttl = denial.ttl();
      }
    }
    return switch (best) {
      case NONE -> parent;
      case UNSIGNED -> new ZoneStatus.Unsigned(name + " has no DS", until(ttl));
      case OPT_OUT -> new ZoneStatus.Unsigned(name + ": " + OPT_OUT + " or " + COSTLY, until(ttl));
      case UNPROVEN ->
          new ZoneStatus.Broken(
              Security.BOGUS, because("no DS and no proof of that", name, Type.DS, view));
    };
  }

  /** The keys of a zone by what its parent or an anchor says about them (RFC 4035 5.2). */
  private ZoneStatus keys(
      Name zone, List<DSRecord> digests, List<DNSKEYRecord> trusted, Duration ttl) {
    List<DSRecord> usable = usable(digests);
    if (usable.isEmpty()
        && trusted.stream().noneMatch(k -> algorithms.isSupported(k.getAlgorithm()))) {
      return new ZoneStatus.Unsigned(
          zone + " is signed with unsupported algorithms or digests only", until(ttl));
    }
    Message message;
    try {
      message = source.ask(new Query(zone, Type.DNSKEY));
    } catch (IOException e) {
      return new ZoneStatus.Broken(Security.FAILED, text(e));
    }
    List<DNSKEYRecord> all = new ArrayList<>();
    for (Record r : message.getSection(Section.ANSWER)) {
      if (r instanceof DNSKEYRecord key && key.getName().equals(zone) && isZoneKey(key)) {
        all.add(key);
      }
    }
    Work.records(all.size());
    Predicate<DNSKEYRecord> isEntry =
        key -> trusted.contains(key) || usable.stream().anyMatch(ds -> Digests.isOf(ds, key, work));
    List<DNSKEYRecord> entries = all.stream().filter(isEntry).toList();
    ZoneView view = new ZoneView(message, zone, entries, work, algorithms, now);
    ZoneView.Verified set = view.find(zone, Type.DNSKEY);
    if (set == null) {
      String why = entries.isEmpty() ? "no key of " + zone + " matches its DS set" : view.reason();
      return new ZoneStatus.Broken(Security.BOGUS, why);
    }
    return new ZoneStatus.Signed(zone, all, until(set.ttl().compareTo(ttl) < 0 ? set.ttl() : ttl));
  }

  /** RFC 4509 section 3: no SHA-1 digests where there are SHA-256 digests that we can use. */
  private List<DSRecord> usable(List<DSRecord> digests) {
    List<DSRecord> usable = digests.stream().filter(this::isSupported).toList();
    boolean sha256 = usable.stream().anyMatch(ds -> ds.getDigestID() == DNSSEC.Digest.SHA256);
    return sha256
        ? usable.stream().filter(ds -> ds.getDigestID() != DNSSEC.Digest.SHA1).toList()
        : usable;
  }

  private boolean isSupported(DSRecord ds) {
    return algorithms.isSupported(ds.getAlgorithm()) && Digests.isSupported(ds.getDigestID());
  }

  private boolean isZoneKey(DNSKEYRecord key) {
    return (key.getFlags() & ZONE_KEY) != 0
        && (key.getFlags() & REVOKED) == 0
        && key.getProtocol() == DNSSEC_PROTOCOL
        && algorithms.isSupported(key.getAlgorithm());
  }

  private Instant until(Duration ttl) {
    return now.plus(ttl.compareTo(LONGEST) < 0 ? ttl : LONGEST);
  }

  private ZoneView view(Message message, ZoneStatus.Signed zone) {
    return new ZoneView(message, zone.zone(), zone.keys(), work, algorithms, now);
  }

  // The answer

  /** Judges a message with the keys of one zone. */
  private Judgement read(Name name, int type, Message message, ZoneStatus.Signed zone) {
    ZoneView view = view(message, zone);
    ZoneView.Verified found = view.find(name, type);
    if (found != null) {
      Judgement judged = positive(found, new Content.Found(found.records()), view);
      if (judged.security() != Security.BOGUS) {
        return judged;
      }
    }
    Judgement alias = alias(name, view);
    if (alias.security() != Security.BOGUS) {
      return type == Type.CNAME ? asRecord(name, alias) : alias;
    }
    return denied(name, type, message, view);
  }

  /** The CNAME that a DNAME implies, to one who asked for the CNAME (RFC 6672 3.1). */
  private static Judgement asRecord(Name name, Judgement alias) {
    if (!(alias.content() instanceof Content.Alias made)) {
      return alias;
    }
    Record cname = new CNAMERecord(name, DClass.IN, alias.ttl().toSeconds(), made.target());
    Content found = new Content.Found(List.of(cname));
    return new Judgement(alias.security(), found, alias.ttl(), alias.reason());
  }

  /** RFC 4035 5.3.4: an expanded wildcard needs the proof that nothing closer is there. */
  private Judgement positive(ZoneView.Verified found, Content content, ZoneView view) {
    Denial.Proof best = found.isExpanded() ? Denial.Proof.NONE : Denial.Proof.PROVEN;
    Duration ttl = found.ttl();
    if (found.isExpanded()) {
      for (Denial denial : Denial.in(view, work)) {
        Denial.Proof proof = denial.noCloser(found.owner(), found.labels());
        best = proof.compareTo(best) < 0 ? proof : best;
      }
    }
    return switch (best) {
      case PROVEN -> new Judgement(Security.SECURE, content, ttl, "");
      case INSECURE -> new Judgement(Security.INSECURE, content, ttl, OPT_OUT);
      case COSTLY -> new Judgement(Security.INSECURE, content, ttl, COSTLY);
      case NONE ->
          Judgement.unknown(
              Security.BOGUS, "no proof that the wildcard applies to " + found.owner());
    };
  }

  /** A CNAME at the name, or what a DNAME above makes of it; BOGUS when there is neither. */
  private Judgement alias(Name name, ZoneView view) {
    ZoneView.Verified cname = view.find(name, Type.CNAME);
    if (cname != null
        && cname.records().size() == 1
        && cname.records().getFirst() instanceof CNAMERecord record) {
      return positive(cname, new Content.Alias(record.getTarget()), view);
    }
    for (Name owner : view.owners(Type.DNAME)) {
      ZoneView.Verified dname =
          name.subdomain(owner) && !name.equals(owner) ? view.find(owner, Type.DNAME) : null;
      if (dname != null
          && !dname.isExpanded()
          && dname.records().size() == 1
          && dname.records().getFirst() instanceof DNAMERecord record) {
        try {
          Content target = new Content.Alias(name.fromDNAME(record));
          return new Judgement(Security.SECURE, target, dname.ttl(), "");
        } catch (NameTooLongException e) {
          return Judgement.unknown(Security.FAILED, "DNAME " + owner + " makes a name too long");
        }
      }
    }
    return Judgement.unknown(Security.BOGUS, "no alias");
  }

  private Judgement denied(Name name, int type, Message message, ZoneView view) {
    // With records that do not verify it is no denial, unless one is proven.
    Content said = plain(name, type, message, "").content();
    boolean isDenial = said instanceof Content.NoName || said instanceof Content.NoData;
    Judgement best =
        Judgement.unknown(Security.BOGUS, because("no answer that validates", name, type, view));
    for (Denial denial : Denial.in(view, work)) {
      // The RCODE is not signed: the proof says which denial it is.
      Denial.Proof noData = denial.noData(name, type);
      Denial.Proof noName = denial.noName(name);
      if (noData == Denial.Proof.PROVEN || noName == Denial.Proof.PROVEN) {
        Content content =
            noData == Denial.Proof.PROVEN ? new Content.NoData() : new Content.NoName();
        return new Judgement(Security.SECURE, content, denial.ttl(), "");
      }
      Denial.Proof proof = said instanceof Content.NoName ? noName : noData;
      if (isDenial && (proof == Denial.Proof.INSECURE || proof == Denial.Proof.COSTLY)) {
        String reason = proof == Denial.Proof.INSECURE ? OPT_OUT : COSTLY;
        best = new Judgement(Security.INSECURE, said, denial.ttl(), reason);
      }
    }
    return best;
  }

  private static String because(String what, Name name, int type, ZoneView view) {
    String cause = view.reason().isEmpty() ? "" : ": " + view.reason();
    return what + " for " + DnsText.of(name, type) + cause;
  }

  /**
   * What an unvalidated message says about a name, for names in no signed zone.
   *
   * @param reason why it is not validated
   */
  public static Judgement plain(Name name, int type, Message message, String reason) {
    List<Record> found = new ArrayList<>();
    Optional<CNAMERecord> alias = Optional.empty();
    for (Record r : message.getSection(Section.ANSWER)) {
      if (r.getDClass() == DClass.IN && r.getName().equals(name)) {
        if (r.getType() == type) {
          found.add(r);
        } else if (r instanceof CNAMERecord cname) {
          alias = Optional.of(cname);
        }
      }
    }
    if (!found.isEmpty()) {
      long ttl = found.stream().mapToLong(Record::getTTL).min().orElse(0);
      return insecure(new Content.Found(found), ttl, reason);
    }
    if (alias.isPresent()) {
      return insecure(new Content.Alias(alias.get().getTarget()), alias.get().getTTL(), reason);
    }
    long ttl = 0;
    for (Record r : message.getSection(Section.AUTHORITY)) {
      if (r instanceof SOARecord soa && name.subdomain(soa.getName())) {
        // RFC 2308 section 5.
        ttl = Math.min(soa.getTTL(), soa.getMinimum());
      }
    }
    boolean noName = message.getRcode() == Rcode.NXDOMAIN;
    return insecure(noName ? new Content.NoName() : new Content.NoData(), ttl, reason);
  }

  private static Judgement insecure(Content content, long ttl, String reason) {
    return new Judgement(Security.INSECURE, content, Duration.ofSeconds(ttl), reason);
  }
}
