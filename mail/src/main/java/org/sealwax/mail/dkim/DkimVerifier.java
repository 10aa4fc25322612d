package org.sealwax.mail.dkim;

import java.io.ByteArrayOutputStream;
import java.security.GeneralSecurityException;
import java.security.MessageDigest;
import java.time.Instant;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Comparator;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.OptionalLong;
import java.util.Set;
import java.util.function.Predicate;
import org.jspecify.annotations.Nullable;
import org.sealwax.mail.address.Domain;
import org.sealwax.mail.dns.DnsAnswer;
import org.sealwax.mail.message.HeaderField;
import org.sealwax.mail.message.HeaderSection;
import org.sealwax.mail.message.HeaderSection.HeaderFlaw;
import org.sealwax.mail.tls.RawVerifier;
import org.sealwax.mail.tls.RsaKey;

/**
 * Verifies the DKIM signatures of one message (RFC 6376 section 6, RFC 8301, RFC 8463) while the
 * message passes: it takes the header section, then the body in blocks, and then looks up the keys.
 * Never throws because of the content of a message or a key record. Not thread-safe.
 *
 * <p>The domain that passes is any domain; whether it is aligned with the From field is for the
 * caller to decide.
 */
public final class DkimVerifier {
  /** Signatures that are verified; each costs a look-up and a check. */
  public static final int MAX_SIGNATURES = 8;

  /** The service of keys for mail (RFC 6376 section 3.6.1). */
  public static final Set<String> MAIL = Set.of("email");

  /** A hash that one or more signatures need. */
  private record BodyForm(Canonicalization canonicalization, OptionalLong length) {}

  /** One signature, read or not. */
  private sealed interface Candidate {
    record Parsed(HeaderField field, DkimSignature signature) implements Candidate {}

    record Unread(HeaderField field, DkimFailure failure) implements Candidate {}
  }

  private final HeaderSection section;
  private final Instant now;
  private final Set<String> services;
  private final List<Candidate> candidates = new ArrayList<>();
  private final Map<BodyForm, BodyHash> bodies = new HashMap<>();
  private final Map<BodyForm, byte[]> hashes = new HashMap<>();
  private boolean ended;

  private DkimVerifier(
      HeaderSection section, List<HeaderField> fields, Set<String> services, Instant now) {
    this.section = section;
    this.services = services;
    this.now = now;
    fields.forEach(field -> candidates.add(read(field)));
  }

  /**
   * {@return a verifier of {@link #MAX_SIGNATURES} signatures}
   *
   * @param section the header section of the message
   * @param services for which a key may be (its tag {@code s=}), usually {@link #MAIL}
   * @param wanted whether a signature of this domain counts for the caller. When there are more
   *     signatures, these go first, so that others above them cannot hide them; the rest counts
   *     from the top
   * @param now for {@code x=}
   */
  public static DkimVerifier start(
      HeaderSection section, Set<String> services, Predicate<Domain> wanted, Instant now) {
    List<HeaderField> all = section.named(DkimSignature.NAME);
    if (all.size() <= MAX_SIGNATURES) {
      return new DkimVerifier(section, all, Set.copyOf(services), now);
    }
    List<HeaderField> chosen = new ArrayList<>(all);
    // The sort keeps the order of equal ones.
    chosen.sort(
        Comparator.comparing(
            field -> !DkimSignature.claim(field).domain().filter(wanted).isPresent()));
    return new DkimVerifier(section, chosen.subList(0, MAX_SIGNATURES), Set.copyOf(services), now);
  }

  private Candidate read(HeaderField field) {
    try {
      if (section.flaw() != HeaderFlaw.NONE) {
        throw new DkimFailure(DkimStatus.PERMERROR, "the header section is malformed");
      }
      DkimSignature signature = DkimSignature.parse(field);
      if (signature.expires().filter(x -> !now.isBefore(x)).isPresent()) {
        throw new DkimFailure(DkimStatus.POLICY, "the signature has expired");
      }
      bodies.computeIfAbsent(form(signature), f -> new BodyHash(f.canonicalization(), f.length()));
      return new Candidate.Parsed(field, signature);
    } catch (DkimFailure failure) {
      return new Candidate.Unread(field, failure);
    }
  }

  private static BodyForm form(DkimSignature signature) {
    return new BodyForm(signature.body(), signature.length());
  }

  /**
   * Takes the next bytes of the body.
   *
   * @param block holds the bytes
   * @param offset index of the first byte
   * @param length number of bytes
   */
  public void body(byte[] block, int offset, int length) {
    for (BodyHash body : bodies.values()) {
      body.feed(block, offset, length);
    }
  }

  /**
   * {@return one result for each verified signature; the body has ended}
   *
   * @param keys looks up the keys, one after the other
   */
  public List<DkimResult> results(KeyLookup keys) {
    if (!ended) {
      ended = true;
      bodies.forEach((form, body) -> hashes.put(form, body.end()));
    }
    return candidates.stream().map(c -> result(c, keys)).toList();
  }

  private DkimResult result(Candidate candidate, KeyLookup keys) {
    return switch (candidate) {
      case Candidate.Unread(HeaderField field, DkimFailure failure) ->
          result(field, failure.status(), failure.reason(), DkimResult.Changes.UNKNOWN, false);
      case Candidate.Parsed(HeaderField field, DkimSignature signature) ->
          new Check(field, signature).result(keys);
    };
  }

  private static DkimResult result(
      HeaderField field,
      DkimStatus status,
      String reason,
      DkimResult.Changes changes,
      boolean testing) {
    DkimSignature.Claim claim = DkimSignature.claim(field);
    return new DkimResult(
        status,
        claim.domain(),
        claim.selector(),
        claim.identity(),
        claim.algorithm(),
        claim.signature(),
        reason,
        changes,
        claim.hasLength(),
        testing);
  }

  /** One signature and its key. */
  private final class Check {
    private final HeaderField field;
    private final DkimSignature signature;
    private @Nullable DkimKey key;

    private Check(HeaderField field, DkimSignature signature) {
      this.field = field;
      this.signature = signature;
    }

    private DkimResult result(KeyLookup keys) {
      try {
        DkimKey found = key(keys);
        key = found;
        found.requireFit(signature, services);
        boolean header = isHeaderSigned(found);
        boolean body = isBodySigned();
        if (header && body) {
          boolean whole = signature.length().orElse(bodyLength()) == bodyLength();
          return of(
              DkimStatus.PASS,
              "",
              whole ? DkimResult.Changes.NONE : DkimResult.Changes.BODY_CONTINUES);
        }
        return header
            ? of(DkimStatus.FAIL, "the body hash does not match", DkimResult.Changes.BODY_ONLY)
            : of(DkimStatus.FAIL, "the signature does not match", DkimResult.Changes.UNKNOWN);
      } catch (DkimFailure failure) {
        return of(failure.status(), failure.reason(), DkimResult.Changes.UNKNOWN);
      }
    }

    private DkimResult of(DkimStatus status, String reason, DkimResult.Changes changes) {
      return DkimVerifier.result(field, status, reason, changes, key != null && key.testing());
    }

    private DkimKey key(KeyLookup keys) throws DkimFailure {
      Domain name =
          signature
              .keyName()
              .orElseThrow(
                  () -> new DkimFailure(DkimStatus.PERMERROR, "the key's name is too long"));
      DnsAnswer<String> answer = keys.txt(name);
      return switch (answer.kind()) {
        case FOUND -> DkimKey.of(answer.records());
        case NO_DATA, NO_NAME ->
            throw new DkimFailure(DkimStatus.PERMERROR, "there is no key record");
        case UNKNOWN -> throw new DkimFailure(DkimStatus.TEMPERROR, "the key cannot be looked up");
      };
    }

    private long bodyLength() {
      BodyHash body = bodies.get(form(signature));
      return body == null ? 0 : body.canonicalLength();
    }

    private boolean isBodySigned() throws DkimFailure {
      if (signature.length().orElse(0) > bodyLength()) {
        throw new DkimFailure(DkimStatus.PERMERROR, "l= is larger than the body");
      }
      return Arrays.equals(hashes.get(form(signature)), signature.bodyHash());
    }

    private boolean isHeaderSigned(DkimKey found) throws DkimFailure {
      try {
        return switch (signature.algorithm()) {
          case RSA_SHA256 -> {
            ByteArrayOutputStream all = new ByteArrayOutputStream(2048);
            header(all::writeBytes);
            yield RsaKey.verifies(found.rsa(), all.toByteArray(), signature.signature());
          }
          case ED25519_SHA256 -> {
            MessageDigest digest = BodyHash.sha256();
            header(digest::update);
            yield RawVerifier.ED25519.verifies(
                found.ed25519(), digest.digest(), signature.signature());
          }
        };
      } catch (GeneralSecurityException e) {
        // A signature of a length that the key cannot have made, for example.
        return false;
      }
    }

    private <E extends Exception> void header(SignedHeader.HashInput<E> hash) throws E {
      SignedHeader.writeTo(
          hash, section, signature.fields(), signature.header(), field, signature.unsigned());
    }
  }
}
