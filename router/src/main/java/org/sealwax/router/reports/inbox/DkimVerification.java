package org.sealwax.router.reports.inbox;

import java.io.IOException;
import java.time.Instant;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import org.jspecify.annotations.Nullable;
import org.sealwax.mail.address.Domain;
import org.sealwax.mail.address.PublicSuffixList;
import org.sealwax.mail.dkim.DkimResult;
import org.sealwax.mail.dkim.DkimStatus;
import org.sealwax.mail.dkim.DkimVerifier;
import org.sealwax.mail.dns.Resolver;
import org.sealwax.mail.message.AuthorField;
import org.sealwax.mail.message.HeaderSection;
import org.sealwax.mail.message.MessageSplitter;

/**
 * The verification that a message with a report is signed by the domain in its From field: RFC 8460
 * section 3 demands that reports without a valid DKIM signature (RFC 6376) of the reporting domain
 * are ignored. Over the whole body (section 3 forbids {@code l=}); with a key whose record serves
 * mail, TLS reports or everything. The key's record is believed as the DNS gives it, signed or not.
 */
public sealed interface DkimVerification {
  /** The signature holds. */
  record Signed(Domain by) implements DkimVerification {}

  /** There is none that counts. */
  record NotSigned(String why) implements DkimVerification {}

  /** The DNS did not answer. */
  record KeyLookupFailed(String why) implements DkimVerification {}

  /** Why a signature with {@code l=} does not count. */
  String PARTIAL = "a DKIM signature of a part of the body";

  /** Services of the keys that may sign reports. */
  Set<String> SERVICES = Set.of("email", "tlsrpt");

  /** RFC 5322 section 3.6, RFC 2045 section 3: once at most. */
  List<String> SINGLE =
      List.of("Content-Type", "Content-Transfer-Encoding", "MIME-Version", "Subject", "Date");

  /**
   * Verifies a message with CRLF line ends.
   *
   * @param now for signatures that expire
   */
  static DkimVerification of(
      byte[] message, Resolver resolver, PublicSuffixList suffixes, Instant now) {
    Verifying verifying = new Verifying(suffixes, now);
    try (MessageSplitter splitter = new MessageSplitter(verifying)) {
      splitter.write(message);
    } catch (IOException e) {
      throw new IllegalStateException("nothing is written", e);
    }
    DkimVerifier verifier = verifying.verifier;
    HeaderSection section = verifying.section;
    if (verifier == null || section == null || section.flaw() != HeaderSection.HeaderFlaw.NONE) {
      return new NotSigned("a header that cannot be read");
    }
    Optional<Domain> from = from(section);
    if (from.isEmpty()) {
      return new NotSigned("no From with one address");
    }
    if (SINGLE.stream().anyMatch(name -> section.named(name).size() > 1)) {
      // A signature covers one of them (RFC 6376 section 5.4.2), and we might read by another.
      return new NotSigned("a header field occurs twice");
    }
    boolean temporary = false;
    String why = "no DKIM signature";
    for (DkimResult result : verifier.results(resolver::txt)) {
      temporary |= result.status() == DkimStatus.TEMPERROR && !result.hasLength();
      if (result.hasLength()) {
        why = PARTIAL;
      } else if (!result.passes()) {
        why = why.equals(PARTIAL) ? why : "no valid DKIM signature";
      } else if (isOf(result.domain().orElseThrow(), from.get(), suffixes)) {
        return new Signed(result.domain().get());
      } else {
        why = "a DKIM signature of another domain than the From's";
      }
    }
    return temporary
        ? new KeyLookupFailed("the key of a signature cannot be looked up")
        : new NotSigned(why);
  }

  /** Feeds a verifier. */
  final class Verifying implements MessageSplitter.MessageParts {
    private final PublicSuffixList suffixes;
    private final Instant now;
    private @Nullable DkimVerifier verifier;
    private @Nullable HeaderSection section;

    private Verifying(PublicSuffixList suffixes, Instant now) {
      this.suffixes = suffixes;
      this.now = now;
    }

    @Override
    public void header(HeaderSection found) {
      section = found;
      Optional<Domain> from = from(found);
      verifier =
          DkimVerifier.start(
              found,
              SERVICES,
              signer -> from.filter(f -> isOf(signer, f, suffixes)).isPresent(),
              now);
    }

    @Override
    public void body(byte[] block, int offset, int length) {
      if (verifier != null) {
        verifier.body(block, offset, length);
      }
    }
  }

  private static boolean isOf(Domain signer, Domain from, PublicSuffixList suffixes) {
    return signer.equals(from) || suffixes.sameOrganisation(signer, from);
  }

  /**
   * The domain of the one author: of several, a signature of the last would vouch for the first.
   */
  private static Optional<Domain> from(HeaderSection section) {
    return AuthorField.of(section)
        .author()
        .flatMap(author -> author.domain() instanceof Domain d ? Optional.of(d) : Optional.empty());
  }
}
