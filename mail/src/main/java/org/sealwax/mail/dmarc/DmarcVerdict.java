package org.sealwax.mail.dmarc;

import java.util.Optional;
import org.sealwax.mail.address.Domain;

/**
 * What a DMARC check found.
 *
 * @param result the result
 * @param author the domain in From; empty when there is not exactly one
 * @param policyDomain whose record applies; empty when none does
 * @param policy what its owner requests for mail that fails, with {@code t} considered; NONE when
 *     no record applies
 * @param aligned the identifier that passed and is aligned; empty unless the result is PASS
 * @param reason in words for logs
 */
public record DmarcVerdict(
    DmarcResult result,
    Optional<Domain> author,
    Optional<Domain> policyDomain,
    DmarcPolicy policy,
    Optional<AuthenticatedIdentifier> aligned,
    String reason) {
  static DmarcVerdict without(DmarcResult result, Optional<Domain> author, String reason) {
    return new DmarcVerdict(
        result, author, Optional.empty(), DmarcPolicy.NONE, Optional.empty(), reason);
  }
}
