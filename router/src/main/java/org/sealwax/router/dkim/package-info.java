/**
 * Which mail is signed by DKIM (RFC 6376), and with which keys: our own messages, and those of
 * users and clients that may use the domain of their From field.
 *
 * <p>Main types: {@link org.sealwax.router.dkim.DkimKeyFile} (a private key on disk), {@link
 * org.sealwax.router.dkim.DkimRow} and {@link org.sealwax.router.dkim.SenderRow} (the
 * configuration), {@link org.sealwax.router.dkim.SigningPolicy} (decides what is signed), {@link
 * org.sealwax.router.dkim.SigningOutput} (signs while the message streams into the store), {@link
 * org.sealwax.router.dkim.SigningPool} (makes the signatures), {@link
 * org.sealwax.router.dkim.KeyRecordCheck} (compares the published records with the keys, with what
 * {@link org.sealwax.router.dkim.DkimKeyUse} knows of the last mail of each).
 *
 * <p>Invariant: a message is signed only for the domain of its one author, and only when its
 * submitter may use that domain. Mail that is forwarded for others is not signed.
 */
@NullMarked
package org.sealwax.router.dkim;

import org.jspecify.annotations.NullMarked;
