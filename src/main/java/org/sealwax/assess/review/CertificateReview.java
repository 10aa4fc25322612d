package org.sealwax.assess.review;

import java.nio.charset.StandardCharsets;
import java.security.PublicKey;
import java.security.cert.CertificateEncodingException;
import java.security.cert.CertificateParsingException;
import java.security.cert.X509Certificate;
import java.security.interfaces.DSAKey;
import java.security.interfaces.ECKey;
import java.security.interfaces.RSAKey;
import java.time.Duration;
import java.time.Instant;
import java.time.LocalDateTime;
import java.time.ZoneOffset;
import java.time.format.DateTimeFormatter;
import java.time.format.DateTimeParseException;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.HexFormat;
import java.util.List;
import java.util.Locale;
import java.util.Optional;
import java.util.function.Function;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;
import org.sealwax.assess.Overview;
import org.sealwax.assess.Review;
import org.sealwax.assess.Visit;
import org.sealwax.assess.model.Check;
import org.sealwax.assess.model.Depth;
import org.sealwax.assess.model.Evidence;
import org.sealwax.assess.model.Finding;
import org.sealwax.assess.model.Outcome;
import org.sealwax.assess.model.Place;
import org.sealwax.mail.address.Domain;
import org.sealwax.mail.net.Clock;
import org.sealwax.mail.tls.verdict.NameCheck;
import org.sealwax.mail.tls.verdict.Pins;
import org.sealwax.mail.tls.verdict.TrustRoots;
import org.sealwax.mail.tls.verdict.Verdict;

/**
 * The certificates of each address: every chain that was shown, RSA and ECDSA alike; the worst one
 * counts. What a flaw means depends on the policies, so that DANE and MTA-STS are judged before.
 */
public final class CertificateReview implements Review {
  /** Renewal should have happened by then: short-lived certificates renew with a third left. */
  private static final Duration SOON = Duration.ofDays(14);

  /** The longest validity that public authorities were allowed from 2018 on. */
  private static final Duration LONGEST = Duration.ofDays(825);

  /** Certificates beyond leaf and two intermediates cost each sender octets and time. */
  private static final int LONG_CHAIN = 4;

  private static final int MAX_SHOWN = 5;
  private static final String SERVER_AUTH = "1.3.6.1.5.5.7.3.1";
  private static final String CLIENT_AUTH = "1.3.6.1.5.5.7.3.2";
  private static final String ANY_PURPOSE = "2.5.29.37.0";

  /** RFC 6962 3.3. */
  private static final String SCT_LIST = "1.3.6.1.4.1.11129.2.4.2";

  /** RFC 7633: status_request is feature 5. */
  private static final String TLS_FEATURE = "1.3.6.1.5.5.7.1.24";

  private static final List<String> IDS =
      List.of(
          "cert.name",
          "cert.chain",
          "cert.expiry",
          "cert.key",
          "cert.sig",
          "cert.eku",
          "cert.ct",
          "cert.staple",
          "cert.revoked");

  private final Chains chains;
  private final Clock clock;
  private final Revocation revocation;

  /**
   * A review.
   *
   * @param roots what is trusted
   * @param revocation asks authorities
   */
  public CertificateReview(TrustRoots roots, Revocation revocation, Clock clock) {
    this.chains = new Chains(roots, clock);
    this.clock = clock;
    this.revocation = revocation;
  }

  @Override
  public List<Check> checks() {
    return IDS.stream().map(Check::of).toList();
  }

  /** What the policies say about this address. */
  private record Context(Visit visit, boolean dane, boolean sts, boolean ask) {
    Place place() {
      return visit.place();
    }
  }

  @Override
  public Judgement ask(Overview before) {
    return this::judged;
  }

  private List<Finding> judged(Overview all) {
    List<Finding> found = new ArrayList<>();
    boolean sts = enforced(all);
    for (Visit visit : all.visits()) {
      if (!visit.sightings().answered()) {
        continue;
      }
      List<Chains.Chain> seen = Chains.of(visit);
      if (seen.isEmpty()) {
        checks().forEach(c -> found.add(nothing(c, visit)));
        continue;
      }
      boolean ask = all.budget().depth() != Depth.QUICK && all.left().isPositive();
      Context context = new Context(visit, matchesKey(all, visit.place()), sts, ask);
      found.add(worst(seen, c -> name(c, context)).with(shown(seen)));
      found.add(worst(seen, c -> chain(c, context)));
      found.add(worst(seen, c -> expiry(c, context)));
      found.add(worst(seen, c -> key(c, context)));
      found.add(worst(seen, c -> signature(c, context)));
      found.add(worst(seen, c -> purpose(c, context)));
      found.add(worst(seen, c -> logged(c, context)));
      found.add(worst(seen, c -> staple(c, context)));
      found.add(worst(seen, c -> revoked(c, context)));
    }
    return found;
  }

  private static Finding nothing(Check check, Visit visit) {
    return Finding.of(
        check,
        Outcome.NOT_TESTED,
        visit.place(),
        visit.sightings().tls() ? "no certificate was shown" : "no certificate was seen");
  }

  /** Whether an MTA-STS policy in mode enforce is in force, whatever else is wrong with it. */
  static boolean enforced(Overview all) {
    return all.found("sts.policy", Place.domain())
        .filter(f -> f.outcome() != Outcome.INCONCLUSIVE)
        .filter(
            f ->
                f.outcome() == Outcome.PASS
                    || List.of("short", "mx-fails", "mx-fails-all").contains(f.aspect()))
        .isPresent();
  }

  /** Whether a DANE-EE record matches, for which neither name nor chain matter. */
  private static boolean matchesKey(Overview all, Place place) {
    boolean matches =
        all.found("dane.match", place)
            .filter(f -> f.outcome() == Outcome.PASS || f.outcome() == Outcome.WARN)
            .filter(f -> !f.aspect().equals("pkix"))
            .isPresent();
    boolean byAnchor =
        all.found("dane.ta", place).filter(f -> f.outcome() != Outcome.NOT_TESTED).isPresent();
    return matches && !byAnchor;
  }

  /** The worst of all types, with what is said of the others. */
  private static Finding worst(List<Chains.Chain> seen, Function<Chains.Chain, Finding> check) {
    List<Finding> each = seen.stream().map(check).toList();
    Finding worst =
        each.stream()
            .max(Comparator.comparingInt(CertificateReview::badness))
            .orElseThrow(() -> new IllegalStateException("no chain"));
    if (seen.size() == 1) {
      return worst;
    }
    List<String> words = new ArrayList<>();
    for (int i = 0; i < seen.size(); i++) {
      words.add(seen.get(i).type() + ": " + each.get(i).seen());
    }
    return new Finding(
        worst.check(),
        worst.outcome(),
        worst.aspect(),
        worst.place(),
        String.join("; ", words),
        worst.doubt(),
        worst.evidence(),
        worst.lines());
  }

  private static int badness(Finding finding) {
    return switch (finding.outcome()) {
      case PASS -> 0;
      case INFO -> 1;
      case NOT_TESTED, NOT_NEEDED -> 2;
      case WARN -> 3;
      case INCONCLUSIVE -> 4;
      case FAIL -> 5;
    };
  }

  private static Evidence shown(List<Chains.Chain> seen) {
    StringBuilder text = new StringBuilder();
    for (Chains.Chain chain : seen) {
      for (X509Certificate c : chain.certificates()) {
        try {
          text.append(HexFormat.of().formatHex(c.getEncoded())).append('\n');
        } catch (CertificateEncodingException e) {
          text.append("not to be encoded\n");
        }
      }
    }
    return new Evidence(Evidence.Kind.CERTIFICATE, text.toString());
  }

  private static Finding of(String id, Context context, Outcome outcome, String seen) {
    return Finding.of(Check.of(id), outcome, context.place(), seen);
  }

  private static Finding name(Chains.Chain chain, Context context) {
    Domain host = context.place().host();
    if (host == null) {
      return of("cert.name", context, Outcome.NOT_TESTED, "an address was given, no name");
    }
    if (Chains.named(chain, List.of(host)).isPresent()) {
      boolean plainly = NameCheck.dnsNames(chain.leaf()).contains(host.name());
      String by = plainly ? "" : " by *" + host.name().substring(host.name().indexOf('.'));
      return of("cert.name", context, Outcome.PASS, "it names " + host + by);
    }
    List<String> names = NameCheck.dnsNames(chain.leaf());
    String what =
        names.isEmpty()
            ? "it has no DNS name in subjectAltName"
            : "it names "
                + printable(names.subList(0, Math.min(MAX_SHOWN, names.size())))
                + ", not "
                + host;
    Domain nextHop = context.visit().nextHop();
    boolean domainOnly = nextHop != null && Chains.named(chain, List.of(nextHop)).isPresent();
    if (context.sts()) {
      return of("cert.name", context, Outcome.FAIL, what + "; MTA-STS senders do not deliver")
          .as("none-sts");
    }
    if (domainOnly) {
      return of("cert.name", context, Outcome.WARN, what + ", but the domain").as("domain-only");
    }
    if (context.dane()) {
      return of("cert.name", context, Outcome.WARN, what + "; DANE-EE senders do not mind")
          .as("none");
    }
    return of("cert.name", context, Outcome.FAIL, what).as(names.isEmpty() ? "no-san" : "none");
  }

  private static String printable(List<String> names) {
    return String.join(
        ", ",
        names.stream()
            .map(n -> n.chars().allMatch(c -> c > 0x20 && c < 0x7f) ? n : "(unprintable)")
            .toList());
  }

  private Finding chain(Chains.Chain chain, Context context) {
    Optional<Verdict.Reason> flaw = chains.flaw(chain);
    if (flaw.isEmpty()) {
      int length = chain.certificates().size();
      if (length > LONG_CHAIN) {
        return of("cert.chain", context, Outcome.INFO, length + " certificates are sent")
            .as("long");
      }
      return of(
          "cert.chain",
          context,
          Outcome.PASS,
          length + " certificate" + (length == 1 ? "" : "s") + ", trusted by " + chains.roots());
    }
    return switch (flaw.get()) {
      case SELF_SIGNED -> broken(context, "self-signed", "it is self-signed");
      case INCOMPLETE_CHAIN ->
          broken(context, "incomplete", "an intermediate certificate is missing");
      case UNKNOWN_ISSUER, EXPIRED, NOT_YET_VALID ->
          broken(context, "untrusted", "no path leads to a trusted root");
      case REVOKED, NAME_MISMATCH -> broken(context, "untrusted", flaw.get().word());
      case WRONG_PURPOSE ->
          hasServerPurpose(chain.leaf())
              ? broken(context, "constraint", "the authority may not issue this")
              : of("cert.chain", context, Outcome.INFO, "for another purpose: see cert.eku");
      case WEAK_SIGNATURE, WEAK_KEY ->
          of("cert.chain", context, Outcome.INFO, "too weak to be judged: see cert.key, cert.sig");
    };
  }

  private static Finding broken(Context context, String aspect, String what) {
    if (context.dane()) {
      return of("cert.chain", context, Outcome.WARN, what + "; DANE-EE senders do not mind")
          .as("dane");
    }
    boolean mild = aspect.equals("incomplete") && !context.sts();
    return of("cert.chain", context, mild ? Outcome.WARN : Outcome.FAIL, what).as(aspect);
  }

  private Finding expiry(Chains.Chain chain, Context context) {
    Instant now = clock.now();
    // A path that holds now needs none of the certificates that do not.
    List<X509Certificate> needed =
        chains.holdsNow(chain) ? List.of(chain.leaf()) : chain.certificates();
    for (X509Certificate c : needed) {
      Instant until = c.getNotAfter().toInstant();
      String whose = c.equals(chain.leaf()) ? "it" : "an intermediate certificate";
      if (now.isAfter(until)) {
        return dates(context, "expired", whose + " expired on " + until);
      }
      if (now.isBefore(c.getNotBefore().toInstant())) {
        return dates(
            context, "not-yet", whose + " is valid only from " + c.getNotBefore().toInstant());
      }
    }
    Instant until = chain.leaf().getNotAfter().toInstant();
    Duration left = Duration.between(now, until);
    if (left.compareTo(SOON) < 0) {
      return of("cert.expiry", context, Outcome.WARN, left.toDays() + " days are left").as("soon");
    }
    Duration whole = Duration.between(chain.leaf().getNotBefore().toInstant(), until);
    if (whole.compareTo(LONGEST) > 0) {
      return of(
              "cert.expiry",
              context,
              Outcome.INFO,
              "valid for " + whole.toDays() + " days: a lost key stays good for as long")
          .as("long");
    }
    boolean unneeded =
        chain.certificates().stream().anyMatch(c -> now.isAfter(c.getNotAfter().toInstant()));
    return unneeded
        ? of(
                "cert.expiry",
                context,
                Outcome.INFO,
                "valid until " + until + "; an expired certificate is sent that no path needs")
            .as("unneeded")
        : of("cert.expiry", context, Outcome.PASS, "valid until " + until);
  }

  private static Finding dates(Context context, String aspect, String what) {
    return context.dane()
        ? of("cert.expiry", context, Outcome.WARN, what + "; DANE-EE senders do not mind")
            .as("dane")
        : of("cert.expiry", context, Outcome.FAIL, what).as(aspect);
  }

  private record Strength(Outcome outcome, String aspect, String words) {}

  private static Strength strength(PublicKey key) {
    return switch (key) {
      case RSAKey rsa -> {
        int bits = rsa.getModulus().bitLength();
        String words = "RSA of " + bits + " bits";
        yield bits < 1024
            ? new Strength(Outcome.FAIL, "below-1024", words)
            : bits < 2048
                ? new Strength(Outcome.FAIL, "below-2048", words)
                : bits < 3072
                    ? new Strength(Outcome.WARN, "rsa-2048", words + ", enough until 2030")
                    : new Strength(Outcome.PASS, "", words);
      }
      case ECKey ec -> {
        int bits = ec.getParams().getCurve().getField().getFieldSize();
        yield bits < 256
            ? new Strength(Outcome.FAIL, "ec-small", "EC of " + bits + " bits")
            : new Strength(Outcome.PASS, "", "EC of " + bits + " bits");
      }
      case DSAKey dsa -> {
        int bits = dsa.getParams() == null ? 0 : dsa.getParams().getP().bitLength();
        yield new Strength(
            bits < 2048 ? Outcome.FAIL : Outcome.WARN, "below-2048", "DSA of " + bits + " bits");
      }
      default -> new Strength(Outcome.PASS, "", key.getAlgorithm());
    };
  }

  private static Finding key(Chains.Chain chain, Context context) {
    Strength worst = strength(chain.leaf().getPublicKey());
    String words = worst.words() + ", " + Pins.of(chain.leaf());
    for (X509Certificate c : chain.certificates().subList(1, chain.certificates().size())) {
      Strength other = strength(c.getPublicKey());
      // Intermediates of 2048 bits are the rule with public authorities, and short-lived enough.
      if (other.outcome() == Outcome.FAIL && worst.outcome() != Outcome.FAIL) {
        worst = other;
        words = "an authority in the chain has " + other.words();
      }
    }
    return of("cert.key", context, worst.outcome(), words).as(worst.aspect());
  }

  private static Finding signature(Chains.Chain chain, Context context) {
    for (X509Certificate c : chain.certificates()) {
      String algorithm = c.getSigAlgName().toUpperCase(Locale.ROOT);
      boolean ownSignature = !c.equals(chain.leaf()) && Chains.selfSigned(c);
      if (ownSignature) {
        // Nobody relies on a root's signature over itself.
        continue;
      }
      if (algorithm.startsWith("MD")) {
        return of("cert.sig", context, Outcome.FAIL, "signed with " + c.getSigAlgName()).as("md5");
      }
      if (algorithm.startsWith("SHA1") || algorithm.contains("SHA-1")) {
        return of("cert.sig", context, Outcome.FAIL, "signed with " + c.getSigAlgName()).as("sha1");
      }
    }
    return of("cert.sig", context, Outcome.PASS, "signed with " + chain.leaf().getSigAlgName());
  }

  private static @Nullable List<String> purposes(X509Certificate leaf) {
    try {
      return leaf.getExtendedKeyUsage();
    } catch (CertificateParsingException e) {
      return List.of();
    }
  }

  private static boolean hasServerPurpose(X509Certificate leaf) {
    List<String> purposes = purposes(leaf);
    return purposes == null || purposes.contains(SERVER_AUTH) || purposes.contains(ANY_PURPOSE);
  }

  private static Finding purpose(Chains.Chain chain, Context context) {
    List<String> purposes = purposes(chain.leaf());
    if (purposes == null) {
      return of("cert.eku", context, Outcome.WARN, "it says no purpose").as("absent");
    }
    if (!hasServerPurpose(chain.leaf())) {
      return of("cert.eku", context, Outcome.FAIL, "it is for " + printable(purposes)).as("wrong");
    }
    if (purposes.contains(CLIENT_AUTH) || purposes.contains(ANY_PURPOSE)) {
      return of("cert.eku", context, Outcome.PASS, "for servers and clients");
    }
    return of(
            "cert.eku",
            context,
            Outcome.INFO,
            "for servers; a peer that looks at purposes does not take it from a sending router")
        .as("no-client");
  }

  private static Finding logged(Chains.Chain chain, Context context) {
    return chain.leaf().getExtensionValue(SCT_LIST) != null
        ? of("cert.ct", context, Outcome.PASS, "it carries timestamps of logs")
        : of("cert.ct", context, Outcome.INFO, "it carries no timestamps of logs").as("missing");
  }

  /** Whether the certificate demands a stapled answer (RFC 7633 4.2.3.1). */
  private static boolean mustStaple(X509Certificate leaf) {
    byte[] value = leaf.getExtensionValue(TLS_FEATURE);
    // An OCTET STRING around a SEQUENCE of INTEGER: status_request is 02 01 05.
    return value != null
        && new String(value, StandardCharsets.ISO_8859_1).contains("\u0002\u0001\u0005");
  }

  /**
   * Until when a stapled answer is good: nextUpdate of RFC 6960 4.2.1, which DER writes in one way
   * only, as [0] around a GeneralizedTime in UTC to the second (RFC 5280 4.1.2.5.2).
   */
  private static Optional<Instant> nextUpdate(byte[] answer) {
    Matcher next = NEXT_UPDATE.matcher(new String(answer, StandardCharsets.ISO_8859_1));
    if (!next.find()) {
      return Optional.empty();
    }
    try {
      return Optional.of(
          LocalDateTime.parse(next.group(1), DateTimeFormatter.ofPattern("uuuuMMddHHmmss"))
              .toInstant(ZoneOffset.UTC));
    } catch (DateTimeParseException e) {
      return Optional.empty();
    }
  }

  private static final Pattern NEXT_UPDATE =
      Pattern.compile("\u00a0\u0011\u0018\u000f([0-9]{14})Z", Pattern.DOTALL);

  private Finding staple(Chains.Chain chain, Context context) {
    boolean demanded = mustStaple(chain.leaf());
    Optional<byte[]> answer = context.visit().sightings().staple(chain.type());
    if (answer.isPresent()) {
      Optional<Instant> until = nextUpdate(answer.get());
      return until.isPresent() && until.get().isBefore(clock.now())
          ? of(
                  "cert.staple",
                  context,
                  demanded ? Outcome.FAIL : Outcome.WARN,
                  "an OCSP answer is stapled that was good until " + until.get())
              .as("stale")
          : of("cert.staple", context, Outcome.PASS, "an OCSP answer is stapled");
    }
    return demanded
        ? of(
                "cert.staple",
                context,
                Outcome.FAIL,
                "it demands a stapled OCSP answer, and there is none")
            .as("must-staple")
        : of("cert.staple", context, Outcome.INFO, "no OCSP answer is stapled, none is demanded")
            .as("missing");
  }

  private Finding revoked(Chains.Chain chain, Context context) {
    Revocation.Status status =
        revocation.ask(
            chain.certificates(),
            context.visit().sightings().staple(chain.type()).orElse(null),
            context.ask());
    return switch (status) {
      case Revocation.Status.Good good ->
          of("cert.revoked", context, Outcome.PASS, "not revoked, " + good.source());
      case Revocation.Status.Revoked revoked ->
          of("cert.revoked", context, Outcome.FAIL, "revoked, " + revoked.source()).as("revoked");
      case Revocation.Status.Unknown unknown ->
          of("cert.revoked", context, Outcome.NOT_TESTED, unknown.why());
    };
  }
}
