//! Leads, pure: site association, the lead's life, the evidence chain.
