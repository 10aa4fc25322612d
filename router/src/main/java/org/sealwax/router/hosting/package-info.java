/**
 * The MTA-STS policies (RFC 8461) that this server offers for its own domains: what they say, when
 * their id changes, and in which order the records of an MX host change.
 *
 * <p>{@link org.sealwax.router.hosting.HostingMachine} is pure: it derives the next {@link
 * org.sealwax.router.hosting.HostedState} of one domain from the configuration and from what the
 * DNS shows. A command that prints records reads the state by {@link
 * org.sealwax.router.hosting.HostedStateFile} (no server needs to run), takes the id to publish
 * from {@link org.sealwax.router.hosting.HostedState#record}, and the order of changes from {@link
 * org.sealwax.router.hosting.MxChangeOrder#of}.
 *
 * <p>Invariants: a host that is, or is about to be, an MX host of the domain is in the policy
 * before a conforming sender can meet it, and stays until no cache has its MX record; the id
 * changes when the text changes, and no id is used for two texts; a look-up that failed changes
 * nothing; a name that is not a host name is never written into a policy.
 */
@NullMarked
package org.sealwax.router.hosting;

import org.jspecify.annotations.NullMarked;
