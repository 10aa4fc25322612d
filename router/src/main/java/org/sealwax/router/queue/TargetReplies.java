package org.sealwax.router.queue;

import org.sealwax.mail.smtp.Reply;

/** Gets the replies of servers about recipients of aliases, as this server received them. */
public interface TargetReplies {
  /** Gets none. */
  TargetReplies NONE =
      new TargetReplies() {
        @Override
        public void delivered(Recipient recipient) {}

        @Override
        public void refused(Recipient recipient, Reply reply) {}
      };

  /** The target took the mail. */
  void delivered(Recipient recipient);

  /**
   * The target did not take it.
   *
   * @param reply 4yz or 5yz
   */
  void refused(Recipient recipient, Reply reply);
}
