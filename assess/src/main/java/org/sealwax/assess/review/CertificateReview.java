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
import org.sealwax.assess.AddressVisit;
import org.sealwax.assess.Review;
import org.sealwax.assess.TargetOverview;
import org.sealwax.assess.model.Check;
import org.sealwax.assess.model.CheckOutcome;
import org.sealwax.assess.model.Finding;
import org.sealwax.assess.model.FindingEvidence;
import org.sealwax.assess.model.FindingLocation;
import org.sealwax.assess.model.ScanDepth;
import org.sealwax.mail.address.Domain;
import org.sealwax.mail.dns.Resolver;
import org.sealwax.mail.net.Clock;
import org.sealwax.mail.net.Dialer;
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

  /** Certificates beyond leaf and two intermediates cost each sender bytes and time. */
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

  private final JudgedChains chains;
  private final Clock clock;
  private final RevocationCheck revocation;

  /**
   * A review.
   *
   * @param roots what is trusted
   * @param revocation asks authorities
   */
  CertificateReview(TrustRoots roots, RevocationCheck revocation, Clock clock) {
    this.chains = new JudgedChains(roots, clock);
    this.clock = clock;
    this.revocation = revocation;
  }

  /**
   * A review that asks the authorities named in certificates for revocations.
   *
   * @param dialer for hosts that certificates name: guarded except in a lab
   */
  public static CertificateReview over(
      Resolver resolver, Dialer dialer, TrustRoots roots, Clock clock) {
    return new CertificateReview(
        roots, new RevocationCheck(new PlainHttpClient(resolver, dialer), clock), clock);
  }

  @Override
  public List<Check> checks() {
    return IDS.stream().map(Check::of).toList();
  }

  /** The policies that apply to this address. */
  private record AddressPolicies(AddressVisit visit, boolean dane, boolean sts, boolean ask) {
    FindingLocation location() {
      return visit.location();
    }
  }

  @Override
  public PendingReview ask(TargetOverview before) {
    return this::judged;
  }

  private List<Finding> judged(TargetOverview all) {
    List<Finding> found = new ArrayList<>();
    boolean sts = enforced(all);
    for (AddressVisit visit : all.visits()) {
      if (!visit.facts().answered()) {
        continue;
      }
      List<JudgedChains.JudgedChain> seen = JudgedChains.of(visit);
      if (seen.isEmpty()) {
        checks().forEach(c -> found.add(nothing(c, visit)));
        continue;
      }
      boolean ask = all.budget().depth() != ScanDepth.QUICK && all.timeLeft().isPositive();
      AddressPolicies context =
          new AddressPolicies(visit, matchesKey(all, visit.location()), sts, ask);
      found.add(worst(seen, c -> name(c, context)).with(chainEvidence(seen)));
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

  private static Finding nothing(Check check, AddressVisit visit) {
    if (visit.facts().withoutStarttls()) {
      return Finding.of(
          check, CheckOutcome.NOT_NEEDED, visit.location(), "STARTTLS is not offered");
    }
    boolean over = !visit.timeLeft().isPositive() || visit.connections().remaining() == 0;
    return Finding.of(
        check,
        over ? CheckOutcome.NOT_TESTED : CheckOutcome.INCONCLUSIVE,
        visit.location(),
        visit.facts().tls() ? "no certificate was shown" : "no certificate was seen");
  }

  /** Whether an MTA-STS policy in mode enforce is in force, whatever else is wrong with it. */
  static boolean enforced(TargetOverview all) {
    return all.found("sts.policy", FindingLocation.domain())
        .filter(f -> f.outcome() != CheckOutcome.INCONCLUSIVE)
        .filter(
            f ->
                f.outcome() == CheckOutcome.PASS
                    || List.of("short", "mx-fails", "mx-fails-all").contains(f.aspect()))
        .isPresent();
  }

  /** Whether a DANE-EE record matches, for which neither name nor chain matter. */
  private static boolean matchesKey(TargetOverview all, FindingLocation location) {
    boolean matches =
        all.found("dane.match", location)
            .filter(f -> f.outcome() == CheckOutcome.PASS || f.outcome() == CheckOutcome.WARN)
            .filter(f -> !f.aspect().equals("pkix"))
            .isPresent();
    boolean byAnchor =
        all.found("dane.ta", location)
            .filter(f -> f.outcome() != CheckOutcome.NOT_NEEDED)
            .isPresent();
    return matches && !byAnchor;
  }

  /** The worst of all types, with the findings of the others. */
  private static Finding worst(
      List<JudgedChains.JudgedChain> seen, Function<JudgedChains.JudgedChain, Finding> check) {
    List<Finding> each = seen.stream().map(check).toList();
    Finding worst =
        each.stream()
            .max(Comparator.comparingInt(CertificateReview::severity))
            .orElseThrow(() -> new IllegalStateException("no chain"));
    if (seen.size() == 1) {
      return worst;
    }
    List<String> words = new ArrayList<>();
    for (int i = 0; i < seen.size(); i++) {
      words.add(seen.get(i).keyType() + ": " + each.get(i).observed());
    }
    return new Finding(
        worst.check(),
        worst.outcome(),
        worst.aspect(),
        worst.location(),
        String.join("; ", words),
        worst.openQuestion(),
        worst.evidence(),
        worst.lines());
  }

  private static int severity(Finding finding) {
    return switch (finding.outcome()) {
      case PASS -> 0;
      case INFO -> 1;
      case NOT_TESTED, NOT_NEEDED -> 2;
      case WARN -> 3;
      case INCONCLUSIVE -> 4;
      case FAIL -> 5;
    };
  }

  private static FindingEvidence chainEvidence(List<JudgedChains.JudgedChain> seen) {
    StringBuilder text = new StringBuilder();
    for (JudgedChains.JudgedChain chain : seen) {
      for (X509Certificate c : chain.certificates()) {
        try {
          text.append(HexFormat.of().formatHex(c.getEncoded())).append('\n');
        } catch (CertificateEncodingException e) {
          text.append("not to be encoded\n");
        }
      }
    }
    return new FindingEvidence(FindingEvidence.Kind.CERTIFICATE, text.toString());
  }

  private static Finding of(String id, AddressPolicies context, CheckOutcome outcome, String seen) {
    return Finding.of(Check.of(id), outcome, context.location(), seen);
  }

  private static Finding name(JudgedChains.JudgedChain chain, AddressPolicies context) {
    Domain host = context.location().host();
    if (host == null) {
      return of("cert.name", context, CheckOutcome.NOT_TESTED, "an address was given, no name");
    }
    if (JudgedChains.named(chain, List.of(host)).isPresent()) {
      boolean plainly = NameCheck.dnsNames(chain.leaf()).contains(host.name());
      String by = plainly ? "" : " by *" + host.name().substring(host.name().indexOf('.'));
      return of("cert.name", context, CheckOutcome.PASS, "it names " + host + by);
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
    boolean domainOnly = nextHop != null && JudgedChains.named(chain, List.of(nextHop)).isPresent();
    if (context.sts()) {
      return of("cert.name", context, CheckOutcome.FAIL, what + "; MTA-STS senders do not deliver")
          .as("none-sts");
    }
    if (domainOnly) {
      return of("cert.name", context, CheckOutcome.WARN, what + ", but the domain")
          .as("domain-only");
    }
    if (context.dane()) {
      return of("cert.name", context, CheckOutcome.WARN, what + "; DANE-EE senders do not mind")
          .as("none");
    }
    return of("cert.name", context, CheckOutcome.FAIL, what)
        .as(names.isEmpty() ? "no-san" : "none");
  }

  private static String printable(List<String> names) {
    return String.join(
        ", ",
        names.stream()
            .map(n -> n.chars().allMatch(c -> c > 0x20 && c < 0x7f) ? n : "(unprintable)")
            .toList());
  }

  private Finding chain(JudgedChains.JudgedChain chain, AddressPolicies context) {
    Optional<Verdict.Reason> flaw = chains.flaw(chain);
    if (flaw.isEmpty()) {
      int length = chain.certificates().size();
      if (length > LONG_CHAIN) {
        return of("cert.chain", context, CheckOutcome.INFO, length + " certificates are sent")
            .as("long");
      }
      return of(
          "cert.chain",
          context,
          CheckOutcome.PASS,
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
              : of("cert.chain", context, CheckOutcome.INFO, "for another purpose: see cert.eku");
      case WEAK_SIGNATURE, WEAK_KEY ->
          of(
              "cert.chain",
              context,
              CheckOutcome.INFO,
              "too weak to be judged: see cert.key, cert.sig");
    };
  }

  private static Finding broken(AddressPolicies context, String aspect, String what) {
    if (context.dane()) {
      return of("cert.chain", context, CheckOutcome.WARN, what + "; DANE-EE senders do not mind")
          .as("dane");
    }
    boolean mild = aspect.equals("incomplete") && !context.sts();
    return of("cert.chain", context, mild ? CheckOutcome.WARN : CheckOutcome.FAIL, what).as(aspect);
  }

  private Finding expiry(JudgedChains.JudgedChain chain, AddressPolicies context) {
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
      return of("cert.expiry", context, CheckOutcome.WARN, left.toDays() + " days are left")
          .as("soon");
    }
    Duration whole = Duration.between(chain.leaf().getNotBefore().toInstant(), until);
    if (whole.compareTo(LONGEST) > 0) {
      return of(
              "cert.expiry",
              context,
              CheckOutcome.INFO,
              "valid for " + whole.toDays() + " days: a lost key stays good for as long")
          .as("long");
    }
    boolean unneeded =
        chain.certificates().stream().anyMatch(c -> now.isAfter(c.getNotAfter().toInstant()));
    return unneeded
        ? of(
                "cert.expiry",
                context,
                CheckOutcome.INFO,
                "valid until " + until + "; an expired certificate is sent that no path needs")
            .as("unneeded")
        : of("cert.expiry", context, CheckOutcome.PASS, "valid until " + until);
  }

  private static Finding dates(AddressPolicies context, String aspect, String what) {
    return context.dane()
        ? of("cert.expiry", context, CheckOutcome.WARN, what + "; DANE-EE senders do not mind")
            .as("dane")
        : of("cert.expiry", context, CheckOutcome.FAIL, what).as(aspect);
  }

  private record KeyStrength(CheckOutcome outcome, String aspect, String text) {}

  private static KeyStrength strength(PublicKey key) {
    return switch (key) {
      case RSAKey rsa -> {
        int bits = rsa.getModulus().bitLength();
        String words = "RSA of " + bits + " bits";
        yield bits < 1024
            ? new KeyStrength(CheckOutcome.FAIL, "below-1024", words)
            : bits < 2048
                ? new KeyStrength(CheckOutcome.FAIL, "below-2048", words)
                : bits < 3072
                    ? new KeyStrength(CheckOutcome.WARN, "rsa-2048", words + ", enough until 2030")
                    : new KeyStrength(CheckOutcome.PASS, "", words);
      }
      case ECKey ec -> {
        int bits = ec.getParams().getCurve().getField().getFieldSize();
        yield bits < 256
            ? new KeyStrength(CheckOutcome.FAIL, "ec-small", "EC of " + bits + " bits")
            : new KeyStrength(CheckOutcome.PASS, "", "EC of " + bits + " bits");
      }
      case DSAKey dsa -> {
        int bits = dsa.getParams() == null ? 0 : dsa.getParams().getP().bitLength();
        yield new KeyStrength(
            bits < 2048 ? CheckOutcome.FAIL : CheckOutcome.WARN,
            "below-2048",
            "DSA of " + bits + " bits");
      }
      default -> new KeyStrength(CheckOutcome.PASS, "", key.getAlgorithm());
    };
  }

  private static Finding key(JudgedChains.JudgedChain chain, AddressPolicies context) {
    KeyStrength worst = strength(chain.leaf().getPublicKey());
    String words = worst.text() + ", " + Pins.of(chain.leaf());
    for (X509Certificate c : chain.certificates().subList(1, chain.certificates().size())) {
      KeyStrength other = strength(c.getPublicKey());
      // Intermediates of 2048 bits are the rule with public authorities, and short-lived enough.
      if (other.outcome() == CheckOutcome.FAIL && worst.outcome() != CheckOutcome.FAIL) {
        worst = other;
        words = "an authority in the chain has " + other.text();
      }
    }
    return of("cert.key", context, worst.outcome(), words).as(worst.aspect());
  }

  private static Finding signature(JudgedChains.JudgedChain chain, AddressPolicies context) {
    for (X509Certificate c : chain.certificates()) {
      String algorithm = c.getSigAlgName().toUpperCase(Locale.ROOT);
      boolean ownSignature = !c.equals(chain.leaf()) && JudgedChains.selfSigned(c);
      if (ownSignature) {
        // A root's signature over itself is not relied on.
        continue;
      }
      if (algorithm.startsWith("MD")) {
        return of("cert.sig", context, CheckOutcome.FAIL, "signed with " + c.getSigAlgName())
            .as("md5");
      }
      if (algorithm.startsWith("SHA1") || algorithm.contains("SHA-1")) {
        return of("cert.sig", context, CheckOutcome.FAIL, "signed with " + c.getSigAlgName())
            .as("sha1");
      }
    }
    return of(
        "cert.sig", context, CheckOutcome.PASS, "signed with " + chain.leaf().getSigAlgName());
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

  private static Finding purpose(JudgedChains.JudgedChain chain, AddressPolicies context) {
    List<String> purposes = purposes(chain.leaf());
    if (purposes == null) {
      return of("cert.eku", context, CheckOutcome.WARN, "it says no purpose").as("absent");
    }
    if (!hasServerPurpose(chain.leaf())) {
      return of("cert.eku", context, CheckOutcome.FAIL, "it is for " + printable(purposes))
          .as("wrong");
    }
    if (purposes.contains(CLIENT_AUTH) || purposes.contains(ANY_PURPOSE)) {
      return of("cert.eku", context, CheckOutcome.PASS, "for servers and clients");
    }
    return of(
            "cert.eku",
            context,
            CheckOutcome.INFO,
            "for servers; a peer that looks at purposes does not take it from a sending router")
        .as("no-client");
  }

  private static Finding logged(JudgedChains.JudgedChain chain, AddressPolicies context) {
    return chain.leaf().getExtensionValue(SCT_LIST) != null
        ? of("cert.ct", context, CheckOutcome.PASS, "it carries timestamps of logs")
        : of("cert.ct", context, CheckOutcome.INFO, "it carries no timestamps of logs")
            .as("missing");
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

  private Finding staple(JudgedChains.JudgedChain chain, AddressPolicies context) {
    boolean demanded = mustStaple(chain.leaf());
    Optional<byte[]> answer = context.visit().facts().staple(chain.keyType());
    if (answer.isPresent()) {
      Optional<Instant> until = nextUpdate(answer.get());
      return until.isPresent() && until.get().isBefore(clock.now())
          ? of(
                  "cert.staple",
                  context,
                  demanded ? CheckOutcome.FAIL : CheckOutcome.WARN,
                  "an OCSP answer is stapled that was good until " + until.get())
              .as("stale")
          : of("cert.staple", context, CheckOutcome.PASS, "an OCSP answer is stapled");
    }
    return demanded
        ? of(
                "cert.staple",
                context,
                CheckOutcome.FAIL,
                "it demands a stapled OCSP answer, and there is none")
            .as("must-staple")
        : of(
                "cert.staple",
                context,
                CheckOutcome.INFO,
                "no OCSP answer is stapled, none is demanded")
            .as("missing");
  }

  private Finding revoked(JudgedChains.JudgedChain chain, AddressPolicies context) {
    RevocationCheck.RevocationStatus status =
        revocation.ask(
            chain.certificates(),
            context.visit().facts().staple(chain.keyType()).orElse(null),
            context.ask());
    return switch (status) {
      case RevocationCheck.RevocationStatus.NotRevoked good ->
          of("cert.revoked", context, CheckOutcome.PASS, "not revoked, " + good.source());
      case RevocationCheck.RevocationStatus.RevokedCertificate revoked ->
          of("cert.revoked", context, CheckOutcome.FAIL, "revoked, " + revoked.source())
              .as("revoked");
      case RevocationCheck.RevocationStatus.RevocationUnknown unknown ->
          of("cert.revoked", context, unknown.outcome(), unknown.reason());
    };
  }
}
